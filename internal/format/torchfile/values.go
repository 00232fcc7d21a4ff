package torchfile

// The values of the machine are nil, bool, int64, float64, big, string, elided,
// tuple, *list, *dict, global, *object, *storage and *tensor.
type (
	big    string // an integer of more than eight bytes: two's complement, lowest byte first
	elided int64  // a string or bytes of this length, too long for a name
	tuple  []any
	list   struct{ items []any } // or a set
	dict   struct{ keys, values []any }
	global struct{ module, name string }
)

// object stands for what a class or function that is not known would make: it
// keeps what it would be made of, for the tensors in there.
type object struct {
	class global
	args  tuple
	state any // what BUILD brings: mostly the attributes
	list      // what is appended to it
	dict      // what is set in it
}

// Costs in bytes that the budget is charged with. What is allocated in all, what
// becomes garbage again included, is at most twice that.
const (
	slotCost   = 48 // a place on the stack
	markCost   = 32
	boxCost    = 16
	textCost   = 16 // and the bytes
	itemCost   = 32 // a value in a list; half of it in a tuple, which does not grow
	listCost   = 32
	dictCost   = 64
	objectCost = 192
	memoCost   = 64
	nameCost   = 160 // a global that is asked for the first time
	tensorCost = 144 // a tensor or a storage
	listedCost = 288 // a tensor in the list
	visitCost  = 32  // a dictionary or list that is walked
	scalarCost = 4   // what is in it
)

// budget is the memory that may still be taken, in bytes. What a file builds is
// bounded by its size: a pickle of a few bytes can repeat itself without end.
type budget struct{ left int64 }

// spend charges the budget.
func (b *budget) spend(n int) error {
	if b.left -= int64(n); b.left < 0 {
		return refused("the pickle builds far more than the file's size warrants")
	}
	return nil
}

func (g global) String() string { return g.module + "." + g.name }

// sequence returns the items of a list, a tuple, or an object that is a list.
func sequence(v any) []any {
	switch v := v.(type) {
	case tuple:
		return v
	case *list:
		return v.items
	case *object:
		return v.items
	}
	return nil
}

// pairs returns the keys and values of a dictionary, or of an object that is one.
func pairs(v any) *dict {
	switch v := v.(type) {
	case *dict:
		return v
	case *object:
		return &v.dict
	}
	return nil
}

// lookup returns the value of a key that is a string; the last one set counts.
func (d *dict) lookup(key string) any {
	for i := len(d.keys) - 1; i >= 0; i-- {
		if d.keys[i] == any(key) {
			return d.values[i]
		}
	}
	return nil
}
