package loaded

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/internal/format/strictjson"
	"github.com/gospectrum/spectrum/internal/names"
)

// Dump is what named_parameters() of a loaded model gave: the truth, whatever a
// table says.
type Dump struct {
	order  []string
	shapes map[string][]int64  // by name; nil where the dump has none
	tails  map[string][]string // names by their end, from any component on
}

// ReadDump reads {"name": [shape…], …}, ["name", …], or one name a line.
func ReadDump(text []byte) (*Dump, error) {
	d := &Dump{shapes: make(map[string][]int64), tails: make(map[string][]string)}
	err := d.read(text)
	if err == nil && len(d.order) == 0 {
		err = errors.New("no names")
	}
	if err != nil {
		return nil, err
	}
	for _, name := range d.order {
		for tail := name; ; {
			d.tails[tail] = append(d.tails[tail], name)
			_, rest, more := strings.Cut(tail, ".")
			if !more {
				break
			}
			tail = rest
		}
	}
	return d, nil
}

func (d *Dump) read(text []byte) error {
	trimmed := strings.TrimSpace(strings.TrimPrefix(string(text), "\ufeff"))
	if !strings.HasPrefix(trimmed, "{") && !strings.HasPrefix(trimmed, "[") {
		for line := range strings.Lines(trimmed) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				if err := d.add(line, nil); err != nil {
					return err
				}
			}
		}
		return nil
	}
	s, err := strictjson.New([]byte(trimmed))
	if err != nil {
		return err
	}
	if s.Peek() == '[' {
		err = s.Array(func() error {
			name, err := s.String()
			if err != nil {
				return err
			}
			return d.add(name, nil)
		})
	} else {
		err = s.Object(func(name string) error {
			shape := []int64{}
			if err := s.Array(func() error {
				n, err := s.Natural()
				shape = append(shape, n)
				return err
			}); err != nil {
				return fmt.Errorf("shape of %q: %w", name, err)
			}
			return d.add(name, shape)
		})
	}
	if err != nil {
		return err
	}
	return s.End()
}

func (d *Dump) add(name string, shape []int64) error {
	if _, twice := d.shapes[name]; twice || name == "" {
		return fmt.Errorf("name %q is empty or there twice", name)
	}
	d.order, d.shapes[name] = append(d.order, name), shape
	return nil
}

// Names lists the parameters in the order of the dump.
func (d *Dump) Names() []string { return slices.Clone(d.order) }

// Shape returns the shape of a parameter, nil if the dump has none.
func (d *Dump) Shape(name string) []int64 { return slices.Clone(d.shapes[name]) }

// Resolve returns the parameter of the dump that a tensor becomes: the one the
// table names, in any era; the name itself; or the only one that ends as the tensor's
// name does, from a component on that leaves its block in. It reports false if there
// is none.
func (d *Dump) Resolve(tables []*Map, name string) (parameter string, ok bool) {
	for _, m := range tables {
		if p, reason := m.Parameter(name); reason == "" && d.has(p) {
			return p, true
		}
	}
	if d.has(name) {
		return name, true
	}
	for tail := name; ; {
		_, rest, more := strings.Cut(tail, ".")
		if !more {
			return "", false
		}
		tail = rest
		block, _ := names.Block(name)
		if inside, _ := names.Block(tail); block != "" && inside == "" {
			return "", false // of which block, the end no longer says
		}
		switch found := d.tails[tail]; len(found) {
		case 0:
		case 1:
			return found[0], true
		default:
			return "", false
		}
	}
}

func (d *Dump) has(name string) bool {
	_, ok := d.shapes[name]
	return ok
}
