package torchfile

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzTorchFile reads any bytes.
func FuzzTorchFile(f *testing.F) {
	for _, b := range crafted() {
		if len(b) < maxSeed {
			f.Add(b)
		}
	}
	for _, name := range fixtures {
		f.Add(fixture(f, name))
	}
	f.Fuzz(check)
}

// maxSeed keeps large files out: what they show is not in their many bytes.
const maxSeed = 1 << 16

var fixtures = []string{
	"state.bin", "legacy.pt", "extras.pt", "legacy-extras.pt", "lightning.ckpt", "compiled.pt", "listed.pt", "protocol4.pt", "evil.pt", "bomb.pt",
}

// FuzzTorchPickle runs any pickle, and so spares the fuzzer the search for a valid
// archive.
func FuzzTorchPickle(f *testing.F) {
	for _, name := range fixtures {
		f.Add(pickleOf(fixture(f, name)))
	}
	for _, b := range crafted() {
		if len(b) < maxSeed {
			f.Add(pickleOf(b))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) { check(t, pickled(string(text))) })
}

// pickleOf returns the pickle of an archive, or b if it is none.
func pickleOf(b []byte) []byte {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return b
	}
	for _, f := range z.File {
		if r, err := f.Open(); err == nil && bytes.HasSuffix([]byte(f.Name), []byte("data.pkl")) {
			text, _ := io.ReadAll(r)
			return text
		}
	}
	return b
}

// FuzzTorchValues saves dictionaries, lists, objects and tensors as the bytes say, in
// both formats: they hold the same, and what is listed can be chosen.
func FuzzTorchValues(f *testing.F) {
	for i := range 16 {
		seed := make([]byte, 48)
		for j := range seed {
			seed[j] = byte(i*31 + j*(i+7))
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		g := &grower{program: program}
		root := g.dictionary(0)
		file, old := saved(root), savedLegacy(root)
		if !g.weights {
			old = []byte(legacyText(write(root)+".", write(listOf{})+".", 0, 0))
		}
		check(t, file)
		check(t, old)
		tensors, err := read(file)
		again, errAgain := read(old)
		require.Equal(t, err == nil, errAgain == nil, "%v, %v", err, errAgain)
		require.Equal(t, names(tensors), names(again))
		for i, x := range tensors {
			require.Equal(t, x.Skip, again[i].Skip, x.Name)
			if x.Skip == "" {
				chosen(t, file, x)
			}
		}
	})
}

// chosen takes a tensor by the keys that lead to it.
func chosen(t *testing.T, file []byte, x Tensor) {
	key := x.Stored
	if key == "" {
		key = x.Name
	}
	tensors, err := readChoice(file, Choice{Key: key})
	require.NoError(t, err, key)
	assert.Equal(t, x.Offset, tensors[0].Offset, key)
	assert.Equal(t, x.Shape, tensors[0].Shape, key)
}

// grower makes values as a program of bytes says.
type grower struct {
	program []byte
	weights bool // a tensor was made
}

func (g *grower) next() int {
	if len(g.program) == 0 {
		return 0
	}
	b := g.program[0]
	g.program = g.program[1:]
	return int(b)
}

// growKeys are those of checkpoints and of modules.
var growKeys = []string{
	"state_dict", "model", "module", "net", "generator", "optimizer", "ema", "D", "loss", "weight", "bias", "h", "_orig_mod", "layers", "rng_state", "epoch",
}

func (g *grower) dictionary(depth int) pairsOf {
	var d pairsOf
	taken := make(map[string]bool)
	for range g.next() % 6 {
		key := growKeys[g.next()%len(growKeys)]
		if !taken[key] {
			d = append(d, key, g.value(depth+1))
		}
		taken[key] = true
	}
	return d
}

func (g *grower) value(depth int) any {
	kind := g.next()
	if depth > 4 {
		kind %= 6
	}
	switch kind % 12 {
	case 0, 1, 2:
		g.weights = true
		return weightOf{int64(g.next() % 16), int64(g.next() % 16)}
	case 3:
		return g.next()
	case 4:
		return "text"
	case 5:
		return globalOf{"lib", "Class"}
	case 6:
		return listOf{g.value(depth + 1), g.value(depth + 1)}
	case 7:
		return tupleOf{g.value(depth + 1)}
	case 8:
		return made{globalOf{"lib", "Class"}, g.dictionary(depth)}
	case 9:
		return callOf{globalOf{"lib", "Class"}, tupleOf{g.value(depth + 1)}}
	}
	return g.dictionary(depth)
}

// check reads a file and holds what is accepted to what Read promises.
func check(t *testing.T, b []byte) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tensors, err := read(b)
	runtime.ReadMemStats(&after)
	if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(len(b))+64<<20; got > limit {
		t.Errorf("allocated %d bytes for a file of %d", got, len(b))
	}
	if err != nil {
		known := errors.Is(err, ErrFormat) || errors.Is(err, ErrRefused) || errors.Is(err, ErrChoice) || errors.Is(err, ErrForeign)
		require.True(t, known, "%v", err)
		return
	}
	for _, x := range tensors {
		require.GreaterOrEqual(t, x.Offset, int64(0), x.Name)
		require.LessOrEqual(t, x.Offset+x.Span, int64(len(b)), x.Name)
		if x.Skip != "" {
			require.Zero(t, x.Span, x.Name)
			continue
		}
		require.NotZero(t, width(x.DType), x.Name)
		if x.Stride == nil {
			n := int64(width(x.DType))
			for _, d := range x.Shape {
				n *= d
			}
			require.Equal(t, n, x.Span, x.Name)
		}
	}
}
