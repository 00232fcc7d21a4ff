package delta_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/delta"
	"github.com/gospectrum/spectrum/internal/format/safetensors"
	"github.com/gospectrum/spectrum/results"
	"github.com/gospectrum/spectrum/scan"
)

// tensor is one of a file that a test writes.
type tensor struct {
	name, dtype string
	values      *mat.Dense
	shape       []int64 // nil for that of values
}

// normal returns a matrix of normal numbers of a standard deviation.
func normal(rnd *rand.Rand, rows, cols int, sd float64) *mat.Dense {
	m := mat.NewDense(rows, cols, nil)
	m.Apply(func(_, _ int, _ float64) float64 { return sd * rnd.NormFloat64() }, m)
	return m
}

// stored returns the values that a type keeps of a matrix.
func stored(dtype string, m *mat.Dense) *mat.Dense {
	out := mat.DenseCopyOf(m)
	out.Apply(func(_, _ int, v float64) float64 {
		switch dtype {
		case "BF16":
			return float64(spectrum.ToBFloat16(float32(v)).Float32())
		case "F32":
			return float64(float32(v))
		}
		return v
	}, out)
	return out
}

// write writes a model of tensors and other files, and returns its folder.
func write(t *testing.T, name string, others map[string]string, tensors ...tensor) string {
	t.Helper()
	dir := t.TempDir()
	var data []safetensors.Data
	for _, x := range tensors {
		rows, cols := x.values.Dims()
		d := safetensors.Data{Name: x.name, DType: x.dtype, Shape: x.shape}
		if d.Shape == nil {
			d.Shape = []int64{int64(rows), int64(cols)}
		}
		for _, v := range mat.DenseCopyOf(x.values).RawMatrix().Data {
			switch x.dtype {
			case "BF16":
				d.Bytes = binary.LittleEndian.AppendUint16(d.Bytes, uint16(spectrum.ToBFloat16(float32(v))))
			case "F32":
				d.Bytes = binary.LittleEndian.AppendUint32(d.Bytes, math.Float32bits(float32(v)))
			case "F64":
				d.Bytes = binary.LittleEndian.AppendUint64(d.Bytes, math.Float64bits(v))
			default:
				t.Fatal(x.dtype)
			}
		}
		data = append(data, d)
	}
	var b bytes.Buffer
	require.NoError(t, safetensors.Write(&b, data, nil))
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644))
	for name, text := range others {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	return dir
}

// open opens a model for the time of a test.
func open(t *testing.T, path string) *checkpoint.Model {
	t.Helper()
	m, err := checkpoint.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

// compare returns the result of a pair.
func compare(t *testing.T, base, tuned string) *results.Result {
	t.Helper()
	p, err := delta.NewPair(open(t, base), open(t, tuned))
	require.NoError(t, err)
	return scanned(t, p)
}

// scanned returns the result of a change, with its singular values.
func scanned(t *testing.T, c results.Change) *results.Result {
	t.Helper()
	r, err := results.Recorder{SingularValues: true}.ScanChange(t.Context(), c, scan.Options{Vectors: true})
	require.NoError(t, err)
	return r
}

// row returns a row by its name.
func row(t *testing.T, r *results.Result, name string) *results.Row {
	t.Helper()
	for i := range r.Rows {
		if r.Rows[i].Name == name {
			return &r.Rows[i]
		}
	}
	require.Fail(t, "no row", name)
	return nil
}

// skipped returns why a tensor was not compared, by its name.
func skipped(r *results.Result) map[string]string {
	all := make(map[string]string)
	for _, s := range r.Skipped {
		all[s.Name] = s.Reason
	}
	return all
}

// values are the singular values by gonum's LAPACK.
func values(t *testing.T, m mat.Matrix) []float64 {
	t.Helper()
	var svd mat.SVD
	require.True(t, svd.Factorize(m, mat.SVDNone))
	return svd.Values(nil)
}
