package torchfile

import "slices"

// What to do with a file that holds code; it stands behind what was found.
const useStateDict = "nothing was run and nothing is read; if you trust its maker, load it with PyTorch and save model.state_dict() alone"

func (m *machine) code(what string, g any) error {
	return refused("byte %d: the pickle %s %q, which is code and not data: %s", m.position(), what, g, useStateDict)
}

// global pushes a name, if it is not that of code.
func (m *machine) global(op byte) error {
	g, err := m.name(op)
	if err != nil {
		return err
	}
	return m.push(g)
}

// name returns the name that an instruction is about.
func (m *machine) name(op byte) (any, error) {
	if op != opStackGlobal {
		module, name, err := m.twoLines()
		if err != nil {
			return nil, err
		}
		if g, ok := m.globals[global{string(module), string(name)}]; ok { // without making the strings
			return g, nil
		}
		return m.ask(global{string(module), string(name)})
	}
	below, top, err := m.popTwo()
	if err != nil {
		return nil, err
	}
	module, isModule := below.(string)
	name, isName := top.(string)
	if !isModule || !isName {
		return nil, m.malformed("the name %s in %s", describe(top), describe(below))
	}
	return m.ask(global{module, name})
}

// ask returns the global that stands for a name in the pickle.
func (m *machine) ask(asked global) (any, error) {
	if g, ok := m.globals[asked]; ok {
		return g, nil
	}
	g := named(asked.module, asked.name)
	if executable(g) {
		return g, m.code("asks for", asked.String())
	}
	m.globals[asked] = g
	return g, m.spend(nameCost + len(asked.module) + len(asked.name))
}

// construct does what calling a class or a function would.
func (m *machine) construct(op byte) error {
	var f any
	var args, named any
	var err error
	switch op {
	case opInst, opObj:
		f, args, err = m.instance(op)
	case opNewObjEx:
		if args, named, err = m.popTwo(); err == nil {
			f, err = m.pop()
		}
	default:
		f, args, err = m.popTwo()
	}
	if err != nil {
		return err
	}
	given, isTuple := args.(tuple)
	if !isTuple {
		return m.malformed("a call of %s with %s", describe(f), describe(args))
	}
	g, isGlobal := f.(global)
	if !isGlobal {
		return m.code("calls", describe(f))
	}
	if named != nil {
		given = append(slices.Clip(given), named)
	}
	if op != opNewObj && op != opNewObjEx && function(g) {
		return m.code("calls", g.String())
	}
	result, err := m.call(g, given)
	if err != nil {
		return err
	}
	return m.push(result)
}

// instance takes the class and the arguments of the older instructions.
func (m *machine) instance(op byte) (f, args any, err error) {
	if op == opInst {
		if f, err = m.name(opGlobal); err != nil {
			return nil, nil, err
		}
	}
	items, err := m.popMark()
	if err != nil {
		return nil, nil, err
	}
	if op == opObj {
		if len(items) == 0 {
			return nil, nil, m.malformed("an object without its class")
		}
		f, items = items[0], items[1:]
	}
	return f, append(tuple(nil), items...), m.spend(itemCost * len(items))
}

// call returns what f stands for when it is given args.
func (m *machine) call(f global, args tuple) (any, error) {
	switch f {
	case orderedDict, counter, plainDict:
		return m.dictionary(f, args)
	case defaultDict: // the first argument makes what is missing
		return m.dictionary(f, args[min(1, len(args)):])
	case plainList, plainSet, frozenSet:
		return m.copied(f, args)
	case torchSize, plainTuple:
		if size, isTuple := at[tuple](args, 0); isTuple {
			return size, nil
		}
	case encode:
		if len(args) > 0 {
			return args[0], nil
		}
	case attribute:
		return m.attribute(args)
	case classOf:
		if len(args) != 1 {
			return nil, m.code("makes a class with", f.String())
		}
	case reconstructor, newObject:
		if class, isGlobal := at[global](args, 0); isGlobal {
			return m.call(class, args[1:])
		}
	case numpyRebuild:
		return m.object(numpyArray, nil)
	}
	if t, ok, err := m.rebuild(f, args); ok || err != nil {
		return t, err
	}
	return m.object(f, args)
}

// object keeps what is not known.
func (m *machine) object(class global, args tuple) (any, error) {
	return &object{class: class, args: args}, m.spend(objectCost)
}

// at returns the i-th argument as a T.
func at[T any](args tuple, i int) (t T, ok bool) {
	if i < len(args) {
		t, ok = args[i].(T)
	}
	return t, ok
}

// dictionary makes a dictionary of another, or of a list of pairs.
func (m *machine) dictionary(class global, args tuple) (any, error) {
	d := new(dict)
	if len(args) == 0 {
		return d, m.spend(dictCost)
	}
	if given := pairs(args[0]); given != nil && len(args) == 1 {
		d.keys, d.values = slices.Clone(given.keys), slices.Clone(given.values)
		return d, m.spend(dictCost + itemCost*len(d.keys))
	}
	for _, v := range sequence(args[0]) {
		pair := sequence(v)
		if len(pair) != 2 {
			return m.object(class, args)
		}
		if err := m.set(d, pair); err != nil {
			return nil, err
		}
	}
	return d, m.spend(dictCost)
}

// copied makes a list or a set of another sequence.
func (m *machine) copied(class global, args tuple) (any, error) {
	l := new(list)
	if len(args) > 1 {
		return m.object(class, args)
	}
	for _, v := range args {
		if err := m.append(l, sequence(v)); err != nil {
			return nil, err
		}
	}
	return l, m.spend(listCost)
}

// attribute names something inside a class, as a member of an enumeration. It
// is another name, and may be that of code.
func (m *machine) attribute(args tuple) (any, error) {
	name, isName := at[string](args, 1)
	class, isClass := at[global](args, 0)
	if v, isObject := at[*object](args, 0); isObject {
		class, isClass = v.class, true
	}
	if !isName || !isClass || len(args) != 2 {
		return nil, m.code("takes apart with", attribute.String())
	}
	return m.ask(global{class.module, class.name + "." + name})
}

// build gives the top of the stack its state.
func (m *machine) build() error {
	below, state, err := m.popTwo()
	if err != nil {
		return err
	}
	switch v := below.(type) {
	case *object:
		v.state = state
	case *tensor:
		if err := m.fillTensor(v, state); err != nil {
			return err
		}
	}
	// The attributes of a dictionary, such as _metadata of a state_dict, are dropped.
	return m.push(below)
}
