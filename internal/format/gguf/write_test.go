package gguf

import (
	"encoding/binary"
	"strings"
)

// builder writes files, also those that must be refused.
type builder struct{ b []byte }

func (w *builder) u32(n uint32) *builder { w.b = binary.LittleEndian.AppendUint32(w.b, n); return w }
func (w *builder) u64(n uint64) *builder { w.b = binary.LittleEndian.AppendUint64(w.b, n); return w }
func (w *builder) raw(s string) *builder { w.b = append(w.b, s...); return w }
func (w *builder) text(s string) *builder {
	return w.u64(uint64(len(s))).raw(s)
}

// head begins a file of version 3.
func head(tensors, pairs uint64) *builder {
	return new(builder).raw(Magic).u32(3).u64(tensors).u64(pairs)
}

// tensor adds an entry; the dimensions are in the file's order.
func (w *builder) tensor(name string, t Type, offset uint64, dims ...uint64) *builder {
	w.text(name).u32(uint32(len(dims)))
	for _, d := range dims {
		w.u64(d)
	}
	return w.u32(uint32(t)).u64(offset)
}

// data pads the header and adds n bytes.
func (w *builder) data(n int) []byte {
	return append(w.b, make([]byte, (32-len(w.b)%32)%32+n)...)
}

// crafted maps what the error must say to a file.
func crafted() map[string][]byte {
	one := func() *builder { return head(1, 0) }
	return map[string][]byte{
		"byte 0: 4 bytes wanted, 0 are left":                 nil,
		`begins with "PK\x03\x04"`:                           []byte("PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaa"),
		"byte 4: 4 bytes wanted, 0":                          []byte(Magic),
		"4611686018427387904 tensors":                        head(1<<62, 0).data(100),
		"18446744073709551615 keys":                          head(0, 1<<64-1).data(100),
		"a name of 1099511627776 bytes":                      head(0, 1).u64(1 << 40).data(64),
		"60000 bytes wanted":                                 head(0, 1).u64(60000).data(64),
		`metadata: key "k" twice`:                            head(0, 2).text("k").u32(0).raw("x").text("k").u32(0).raw("x").data(64),
		`key "k": malformed GGUF file: value of unknown`:     head(0, 1).text("k").u32(13).data(64),
		"an array of 1152921504606846976 elements":           head(0, 1).text("k").u32(kindArray).u32(4).u64(1 << 60).data(64),
		"9223372036854775808 bytes wanted":                   head(0, 1).text("k").u32(kindString).u64(1 << 63).data(64),
		`key "k": malformed GGUF file: an array of arrays`:   head(0, 1).text("k").u32(kindArray).u32(kindArray).u64(1).u32(0).u64(1).raw("x").data(64),
		`key "z": malformed GGUF file: an array of arrays`:   head(0, 1).text("z").u32(kindArray).u32(kindArray).u64(0).data(64),
		"an array of values of unknown type 13":              head(0, 1).text("k").u32(kindArray).u32(13).u64(0).data(64),
		"metadata: an empty key":                             head(0, 1).text("").u32(0).raw("x").data(64),
		"alignment\": malformed GGUF file: value of type 5":  head(0, 1).text("general.alignment").u32(5).u32(64).data(64),
		"alignment\": malformed GGUF file: value of type 10": head(0, 1).text("general.alignment").u32(10).u64(64).data(64),
		`tensor "a": name taken`:                             head(2, 0).tensor("a\x00b", F32, 0, 1).tensor("a\x00c", F32, 32, 1).data(64),
		`key "general.alignment": malformed GGUF file: 24 `:  head(0, 1).text("general.alignment").u32(kindUint32).u32(24).data(64),
		"alignment\": malformed GGUF file: 0 is not":         head(0, 1).text("general.alignment").u32(kindUint32).u32(0).data(64),
		"value of type 6, want an integer":                   head(0, 1).text("split.no").u32(6).u32(0).data(64),
		"value of type 4, want a string":                     head(0, 1).text("general.architecture").u32(kindUint32).u32(0).data(64),
		"4294967295 is too large":                            head(0, 1).text("split.count").u32(5).u32(1<<32 - 1).data(64),
		`tensor 0 "x": malformed GGUF file: 5 dimensions`:    one().tensor("x", F32, 0, 1, 1, 1, 1, 1).data(64),
		`"x": malformed GGUF file: dimension of 92233720368`: one().tensor("x", F32, 0, 1<<63).data(64),
		"number of elements overflows":                       one().tensor("x", F32, 0, 1<<32, 1<<32).data(64),
		"size overflows":                                     one().tensor("x", F32, 0, 1<<62).data(64),
		"rows of 33 elements, blocks of Q4_0 have 32":        one().tensor("x", Q4_0, 0, 33).data(64),
		"data begin at 9223372036854775808":                  one().tensor("x", F32, 1<<63, 1).data(64),
		`tensor "x": name taken`:                             head(2, 0).tensor("x", F32, 0, 1).tensor("x", F32, 32, 1).data(64),
		"not a multiple of 32":                               one().tensor("x", F32, 4, 1).data(64),
		`"y": data begin at 0, inside those of tensor "x"`:   head(2, 0).tensor("x", F32, 0, 9).tensor("y", F32, 0, 16).data(64),
		"past the end of the file":                           one().tensor("x", F32, 0, 17).data(64),
		"0 bytes of data at 128":                             one().tensor("x", F32, 128, 0).data(64),
		"4 bytes of data at 9223372036854775776":             one().tensor("x", F32, 1<<63-32, 1).data(64),
		strings.Repeat("n", 300):                             one().tensor(strings.Repeat("n", 300), Q4_0, 0, 1).data(64),
	}
}
