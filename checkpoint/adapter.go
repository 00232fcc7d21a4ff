package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/internal/format/strictjson"
	"github.com/gospectrum/spectrum/internal/names"
)

// The files of PEFT's adapters.
const (
	adapterStem   = "adapter_model"
	adapterConfig = "adapter_config.json"
)

const adapterReason = "part of an adapter: the product B·A of its factors has a spectrum, not each alone"

// adapter is what adapter_config.json says.
type adapter struct {
	kind, base string
	whole      []string // modules that are trained and kept whole
}

// readAdapter reads the adapter_config.json beside an adapter, nil beside anything else.
func readAdapter(ctx context.Context, dir directory, name string) (*adapter, error) {
	if !strings.HasPrefix(path.Base(name), adapterStem) {
		return nil, nil
	}
	text, err := readText(ctx, dir, adapterConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil && !errors.Is(err, ErrFormat) {
		return nil, err
	}
	return parseAdapter(text), nil
}

// parseAdapter reads what it can; the names of the tensors say the rest.
func parseAdapter(text []byte) *adapter {
	a := new(adapter)
	s, err := strictjson.New(text)
	if err != nil {
		return a
	}
	s.AllowNonFinite()
	s.AllowDuplicates(func(string) {})
	_ = s.Object(func(name string) error {
		raw, err := s.Raw()
		if err != nil {
			return err
		}
		v := configValue{name, raw, new(notes)}
		switch name {
		case "peft_type":
			a.kind = v.text()
		case "base_model_name_or_path":
			a.base = v.text()
		case "modules_to_save":
			a.whole = v.list()
		}
		return nil
	})
	return a
}

// part reports whether a tensor is part of the adapter. PEFT names the parts of LoRA
// and of most others; where it does not, all is but the modules that are kept whole.
func (a *adapter) part(name string) bool {
	if names.IsAdapterPart(name) {
		return true
	}
	if a == nil || a.kind == "" || a.kind == "LORA" || a.kind == "LN_TUNING" {
		return false
	}
	components := strings.Split(name, ".")
	return !slices.ContainsFunc(a.whole, func(module string) bool { return slices.Contains(components, module) })
}

// noteAdapter says that the model is an adapter where it is one: its config says so,
// or nothing but its parts is there.
func (m *Model) noteAdapter() {
	parts, others := 0, 0
	for i := range m.tensors {
		switch t := &m.tensors[i]; {
		case t.skip == adapterReason:
			parts++
		case t.skip == "" && !t.rest.Vector():
			others++
		}
	}
	a := m.adapter
	if parts == 0 || a == nil && others > 0 {
		return
	}
	what := "an adapter"
	if a != nil && a.kind != "" {
		what = fmt.Sprintf("an adapter (%s)", a.kind)
	}
	if a != nil && a.base != "" {
		what += " of " + a.base
	}
	m.notes.add("%s: merge it into its base model, and scan that", what)
}
