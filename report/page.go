package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"strings"

	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/selection"
)

//go:embed page
var files embed.FS

// scripts are the files of the page's program, in their order.
func scripts() []string {
	return []string{"data.js", "pattern.js", "choose.js", "files.js", "draw.js", "map.js", "layer.js", "compare.js", "controls.js", "main.js"}
}

// text returns a file of the page.
func text(name string) (string, error) {
	b, err := files.ReadFile("page/" + name)
	return string(b), err
}

// script returns the whole program, which is one function so that names of the browser stay
// what they are.
func script() (string, error) {
	var b strings.Builder
	b.WriteString("(() => {\n\"use strict\";\n")
	for _, name := range scripts() {
		s, err := text(name)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	b.WriteString("})();\n")
	return b.String(), nil
}

// page is what is shown.
type page struct {
	Percent float64
	models  []*model
	inputs  []*input
}

func (p *page) add(in *input) {
	m := newModel(in)
	m.describe(in)
	m.files(in)
	p.models, p.inputs = append(p.models, m), append(p.inputs, in)
}

// content is what the program reads.
type content struct {
	Models     []*model `json:"models"`
	Percent    float64  `json:"percent"`
	Head       []string `json:"head"`
	Weight     string   `json:"weight"` // ends the name of a module's parameter
	Optimisers []string `json:"optimisers"`
	Precisions []string `json:"precisions"`
	Bytes      [][]any  `json:"bytes"` // of a parameter, by optimiser and precision
}

// training enters what a parameter takes while it is trained.
func (c *content) training() error {
	c.Optimisers = []string{"adamw", "adamw8bit", "lion", "momentum", "muon", "sgd"}
	c.Precisions = []string{"float32", "mixed", "bfloat16"}
	for _, o := range c.Optimisers {
		var row []any
		for _, p := range c.Precisions {
			n, err := selection.TrainingBytes(o, p)
			if err != nil {
				return err
			}
			row = append(row, n)
		}
		c.Bytes = append(c.Bytes, row)
	}
	return nil
}

// content returns the data as JSON that can stand in an element of HTML: encoding/json writes
// <, >, & and the line ends of JavaScript as escapes.
func (p *page) content() ([]byte, error) {
	c := &content{Models: p.models, Percent: p.Percent, Head: headPieces(), Weight: names.Parameter("")}
	if err := c.training(); err != nil {
		return nil, err
	}
	return json.Marshal(c)
}

// view is what the template of the page takes.
type view struct {
	Title, Policy string
	Style         template.HTML
	Script, Data  template.HTML
	Models        []*summary
	Two           bool
	Percent       float64
}

func (p *page) render() ([]byte, error) {
	css, err := text("page.css")
	if err != nil {
		return nil, err
	}
	js, err := script()
	if err != nil {
		return nil, err
	}
	markup, err := text("page.html")
	if err != nil {
		return nil, err
	}
	data, err := p.content()
	if err != nil {
		return nil, err
	}
	t, err := template.New("page").Parse(markup)
	if err != nil {
		return nil, err
	}
	v := &view{
		Title:  p.models[0].Title,
		Policy: "default-src 'none'; script-src " + hash(js) + "; style-src " + hash(css) + "; base-uri 'none'; form-action 'none'",
		Style:  template.HTML("<style>" + css + "</style>"),
		Script: template.HTML("<script>" + js + "</script>"),
		Data:   template.HTML(`<script type="application/json" id="data">` + string(data) + "</script>"),
		Two:    len(p.models) > 1, Percent: p.Percent,
	}
	for i, in := range p.inputs {
		v.Models = append(v.Models, summarise(in, p.models[i]))
	}
	var b bytes.Buffer
	if err := t.Execute(&b, v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// hash is how a policy names a script or a style.
func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
