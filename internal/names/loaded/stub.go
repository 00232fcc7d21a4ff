package loaded

import "fmt"

type Era int

const (
	Transformers5 Era = iota
	Transformers4
	Transformers451
)

func ParseEra(v string) (Era, error) {
	for e := Transformers5; e <= Transformers451; e++ {
		if v == e.String() {
			return e, nil
		}
	}
	return 0, fmt.Errorf("no version %q", v)
}
func (e Era) String() string { return []string{"5", "4.52", "4.51"}[e] }

type Model struct {
	Type, Architecture, TextType string
	Blocks                       int
	Names                        []string
}
type Map struct{}

func New(m Model, e Era) *Map                                   { return nil }
func (m *Map) Parameter(name string) (parameter, reason string) { return name, "" }
