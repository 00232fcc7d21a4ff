package kernel

// Known is a kernel of this architecture, whether or not it runs here.
type Known struct {
	Name    string
	Missing []string // what it needs and this CPU, or this build, lacks; empty where it runs
}

// AllKnown returns every kernel written for this architecture, the best first.
func AllKnown() []Known {
	return append(vectorKernels(), Known{Name: "generic"})
}
