package results

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A node is a JSON value whose objects keep their order and may have a key twice. It has
// no key in an array and at the root.
type node struct {
	key  string
	kind byte   // '{', '[', or 0 for a scalar
	text string // of a scalar, as it stands
	kids []*node
}

// parseNode reads a value of a text that is valid.
func parseNode(f testing.TB, dec *json.Decoder) *node {
	t, err := dec.Token()
	require.NoError(f, err)
	n := new(node)
	d, ok := t.(json.Delim)
	if !ok {
		n.text = quote(t)
		return n
	}
	n.kind = byte(d)
	for dec.More() {
		key := ""
		if n.kind == '{' {
			t, err = dec.Token()
			require.NoError(f, err)
			key = t.(string)
		}
		kid := parseNode(f, dec)
		kid.key = key
		n.kids = append(n.kids, kid)
	}
	_, err = dec.Token()
	require.NoError(f, err)
	return n
}

func quote(v any) string {
	text, _ := json.Marshal(v) // of a scalar, which never fails
	return string(text)
}

func (n *node) clone() *node {
	c := *n
	c.kids = make([]*node, len(n.kids))
	for i, kid := range n.kids {
		c.kids[i] = kid.clone()
	}
	return &c
}

// all lists the nodes below n, each after its parent, and n itself.
func (n *node) all(list []*node) []*node {
	list = append(list, n)
	for _, kid := range n.kids {
		list = kid.all(list)
	}
	return list
}

// write appends the text of n with this between its tokens.
func (n *node) write(b *strings.Builder, space string) {
	if n.kind == 0 {
		b.WriteString(n.text)
		return
	}
	b.WriteByte(n.kind)
	for i, kid := range n.kids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(space)
		if n.kind == '{' {
			b.WriteString(quote(kid.key) + ":" + space)
		}
		kid.write(b, space)
	}
	b.WriteString(space)
	b.WriteByte(n.kind + 2) // the closing bracket
}

// verdict is what an edit leaves of a document that was good.
type verdict int

const (
	same   verdict = iota // it is read as before
	open                  // it may be refused, or hold something else
	broken                // it must be refused
)

// editor changes documents as a program of bytes says.
type editor struct {
	program []byte
	schema  Schema
	verdict verdict
}

func (e *editor) next() int {
	if len(e.program) == 0 {
		return 0
	}
	b := e.program[0]
	e.program = e.program[1:]
	return int(b)
}

// scalars are those that readers trip over.
var scalars = []string{
	"null", "true", "false", `""`, `"x"`, "0", "-1", "-0.0", "1e308", "1e400", "1e-400", "0.5", "9223372036854775807", "9223372036854775808",
	"NaN", "Infinity", "-Infinity", `"NaN"`, `"Infinity"`, `"-Infinity"`, `"nan"`, "{}", "[]", "[[]]", `{"":{}}`, `"2026-01-02T03:04:05Z"`,
	`"\ud83d\ude00"`, `"\ud83d"`, `"\u0000"`, `"model.layers.0.mlp.experts.7.up_proj.weight"`, `".weight"`, `"."`, "01", "1.", "nul", `"`, "'x'",
}

// edit makes one change somewhere in the document.
func (e *editor) edit(root *node) {
	nodes := root.all(nil)
	at := nodes[(e.next()<<8|e.next())%len(nodes)]
	was := e.verdict
	e.verdict = max(was, open)
	switch e.next() % 10 {
	case 0:
		at.kind, at.kids, at.text = 0, nil, scalars[e.next()%len(scalars)]
	case 1: // a scalar of the fuzzer's own
		n := min(e.next()%32, len(e.program))
		at.kind, at.kids, at.text = 0, nil, quote(string(e.program[:n]))
		e.program = e.program[n:]
	case 2:
		if len(at.kids) > 0 {
			i := e.next() % len(at.kids)
			at.kids = slices.Delete(at.kids, i, i+1)
		}
	case 3:
		at.key = nodes[(e.next()<<8|e.next())%len(nodes)].key
	case 4: // one part in the place of another
		*at = *nodes[(e.next()<<8|e.next())%len(nodes)].clone()
	case 5:
		for range e.next() {
			wrapped := *at
			*at = node{key: at.key, kind: '[', kids: []*node{&wrapped}}
		}
	case 6: // members in another order
		if at.kind == '{' && at != root {
			e.verdict = was
			if i, n := e.next(), len(at.kids); n > 0 {
				slices.Reverse(at.kids[i%n:])
			}
		}
	case 7: // a member that nobody knows, where not every member is a layer
		if at.kind == '{' && at != root && e.schema != SchemaSorted {
			e.verdict = was
			at.kids = append(at.kids, &node{key: unknownKey(at), text: "[1e400, {\"a\": null}]"})
		}
	case 8: // a key twice
		if at.kind == '{' && len(at.kids) > 0 {
			e.verdict = broken
			at.kids = append(at.kids, at.kids[e.next()%len(at.kids)].clone())
		}
	case 9: // an element twice
		if at.kind == '[' && len(at.kids) > 0 {
			at.kids = append(at.kids, at.kids[e.next()%len(at.kids)].clone())
		}
	}
}

// unknownKey is a key that no object of a result file has, nor this one.
func unknownKey(n *node) string { return strings.Repeat("?", 1+len(n.kids)) }

// documents are small result files of all schemas.
func documents(f testing.TB) (roots []*node) {
	var native bytes.Buffer
	r := sample()
	r.Rows = []Row{r.Rows[0], r.Rows[2]}
	require.NoError(f, r.WriteJSON(&native))
	for _, text := range []string{
		native.String(),
		`{"a.0.q": {"snr": 1.5, "type": "q"}, "a.1.q": {"snr": 1e-7, "type": "q"}, "b": {"snr": 0.25, "type": ""}}`,
		`{"q": {"a.1.q": 2.5, "a.0.q": 1e-7}, "mlp.experts.0.up": {"a.0.mlp.experts.0.up": 3.0}}`,
	} {
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		roots = append(roots, parseNode(f, dec))
		_, err := dec.Token()
		require.Equal(f, io.EOF, err)
	}
	return roots
}

// FuzzDocument edits files that were good, and so gets deeper than bytes at random: into
// the fields, their types and what they say together. What an edit cannot change is read
// as before, what must be refused is, and all else is refused or comes back as it was read.
func FuzzDocument(f *testing.F) {
	roots := documents(f)
	whole := make([]*Scores, len(roots))
	for i, root := range roots {
		var b strings.Builder
		root.write(&b, "")
		res, err := Read(strings.NewReader(b.String()), "whole")
		require.NoError(f, err)
		whole[i] = res
		for op := range byte(10) {
			f.Add([]byte{byte(i), op, 0, 3*op + byte(i), op, 7 * op, op})
			f.Add([]byte{byte(i), 1, 0, 40 + op, 0, 3 * op, 0, 60, op, 1, 0, 0, 9, op})
		}
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		e := &editor{program: program[:min(len(program), 200)]}
		which := e.next() % len(roots)
		e.schema = whole[which].Schema
		root := roots[which].clone()
		space := []string{"", " ", "\n\t", "\r\n  "}[e.next()%4]
		for len(e.program) > 0 && e.verdict != broken {
			e.edit(root)
		}
		var b strings.Builder
		root.write(&b, space)
		if b.Len() > 1<<16 {
			return
		}
		res, err := Read(strings.NewReader(b.String()), "edited")
		switch e.verdict {
		case same:
			require.NoError(t, err, b.String())
			requireSameScores(t, whole[which], res)
		case broken:
			require.Error(t, err, b.String())
		}
		d, wrong := Diagnose([]byte(b.String()))
		if wrong == nil {
			require.NoError(t, WriteReference(io.Discard, d.Clean))
		}
		if err != nil {
			require.ErrorIs(t, err, ErrFormat, b.String())
			return
		}
		checkRead(t, res)
	})
}

// requireSameScores compares what was read of two files.
func requireSameScores(t *testing.T, want, got *Scores) {
	require.Equal(t, want.Schema, got.Schema)
	if want.Result != nil {
		requireSameJSON(t, want.Result, got.Result)
		return
	}
	require.ElementsMatch(t, want.Layers(), got.Layers())
}
