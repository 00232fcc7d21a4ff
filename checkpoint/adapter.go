package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum"
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
	text       []byte   // of the file
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
	a := parseAdapter(text)
	a.text = text
	return a, nil
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

// Adapter is what the files of an adapter say of it.
type Adapter struct {
	Kind   string // peft_type of adapter_config.json, such as LORA; empty without
	Base   string // base_model_name_or_path there
	Config []byte // the whole file, nil without one
}

// Adapter returns what is known of the adapter that the model is: its config says so, or
// nothing but the parts of one is there. It reports false for any other model.
func (m *Model) Adapter() (a Adapter, ok bool) {
	if m == nil {
		return a, false
	}
	parts, others := 0, 0
	for i := range m.tensors {
		switch t := &m.tensors[i]; {
		case t.skip == adapterReason:
			parts++
		case t.skip == "" && !t.rest.Vector():
			others++
		}
	}
	if parts == 0 || m.adapter == nil && others > 0 {
		return a, false
	}
	if m.adapter != nil {
		a = Adapter{Kind: m.adapter.kind, Base: m.adapter.base, Config: slices.Clone(m.adapter.text)}
	}
	return a, true
}

// noteAdapter says that the model is an adapter where it is one.
func (m *Model) noteAdapter() {
	a, ok := m.Adapter()
	if !ok {
		return
	}
	what := "an adapter"
	if a.Kind != "" {
		what = fmt.Sprintf("an adapter (%s)", a.Kind)
	}
	if a.Base != "" {
		what += " of " + a.Base
	}
	m.notes.add("%s: a scan gives the spectra of what it adds, where it is LoRA", what)
}

// LoadPart is [Model.Load] for a tensor that is no weight by itself, a factor of an adapter or a
// scalar: as its first dimension × all others, dimensions of 1 included. The types it reads
// are those of Load, without scales. The error is that of Load.
func (m *Model) LoadPart(ctx context.Context, t Tensor, buf *Buffer) (*spectrum.Weights, error) {
	return m.load(ctx, t, buf, (*entry).part)
}

// part returns the entry as a matrix of its first dimension × all others, whatever it is a
// part of.
func (e *entry) part() *entry {
	if e.Skip != adapterReason && len(e.stored.shape) > 0 {
		return e
	}
	s := e.stored
	layout := *s.storage
	layout.shape = []int64{1, 1}
	if len(e.stored.shape) > 0 {
		layout.shape = []int64{e.stored.shape[0], product(e.stored.shape[1:])}
	}
	if layout.stride != nil && len(layout.stride) != 2 {
		layout.stride = nil
		s.skip = "a strided part of an adapter of more than two dimensions"
	} else {
		s.skip = ""
	}
	s.storage = &layout
	out := newEntry(&s)
	out.setMemory()
	return &out
}
