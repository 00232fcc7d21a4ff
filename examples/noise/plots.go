package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/test/planted"
	"github.com/gospectrum/spectrum/rmt"
)

// plots writes all pictures to dir; model is a checkpoint to take real weights
// from.
func plots(dir, model string) error {
	r := rand.New(rand.NewPCG(41, 42))
	const rows, cols, sigma = 256, 512, 0.02
	theta := make([]float64, 8)
	star := rmt.SpikedModel{Rows: rows, Cols: cols, Sigma: sigma}.Detectable()
	for i := range theta {
		theta[i] = star * (1.5 + 0.3*float64(i))
	}
	entries := func(r *rand.Rand) float64 { return sigma * r.NormFloat64() }
	noise := planted.Matrix(r, rows, cols, entries, nil)
	signal := planted.Matrix(r, rows, cols, entries, theta)
	ctx := context.Background()
	s, err := spectrum.SingularValues(ctx, noise)
	if err != nil {
		return err
	}
	if err := histogram(filepath.Join(dir, "noise.svg"), "Gaussian noise, 256×512", s, rows, cols); err != nil {
		return err
	}
	if s, err = spectrum.SingularValues(ctx, signal); err != nil {
		return err
	}
	if err := histogram(filepath.Join(dir, "planted.svg"), "The same with eight spikes", s, rows, cols); err != nil {
		return err
	}
	if err := realWeights(ctx, dir, model); err != nil {
		return err
	}
	return fractions(filepath.Join(dir, "fraction.svg"))
}

// realWeights draws the spectra of the square and the grouped-query projection of the
// middle block.
func realWeights(ctx context.Context, dir, model string) error {
	m, err := checkpoint.Open(ctx, model)
	if err != nil {
		return err
	}
	defer m.Close()
	for _, name := range []string{"q_proj", "k_proj"} {
		for _, t := range m.Tensors() {
			if t.Name != "model.layers.2.self_attn."+name+".weight" {
				continue
			}
			w, err := m.Load(ctx, t, nil)
			if err != nil {
				return err
			}
			rows, cols := w.Dims()
			s, err := spectrum.SingularValues(ctx, w)
			if err != nil {
				return err
			}
			title := fmt.Sprintf("stories260K, %s, %d×%d", t.Name, rows, cols)
			if err := histogram(filepath.Join(dir, name+".svg"), title, s, rows, cols); err != nil {
				return err
			}
		}
	}
	return nil
}

// histogram draws the singular values, the law of the noise that
// Kritchman–Nadler finds and the thresholds of both.
func histogram(file, title string, s []float64, rows, cols int) error {
	iqr, err := spectrum.Analyzer{}.AnalyzeSpectrum(s, rows, cols)
	if err != nil {
		return err
	}
	kn, err := spectrum.Analyzer{Noise: spectrum.NoiseKritchmanNadler}.AnalyzeSpectrum(s, rows, cols)
	if err != nil {
		return err
	}
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text = "singular value"
	p.Y.Label.Text = "density"
	bins, err := plotter.NewHist(plotter.Values(s), max(12, len(s)/6))
	if err != nil {
		return err
	}
	bins.Normalize(1)
	bins.FillColor = plotutil.SoftColors[2]
	bins.LineStyle.Width = vg.Points(0.25)
	p.Add(bins)
	law := kn.Law()
	share := float64(kn.NoiseCount) / float64(len(s))
	curve := plotter.NewFunction(func(x float64) float64 { return share * law.Prob(x) })
	curve.Samples = 400
	curve.Width = vg.Points(1.5)
	p.Add(curve)
	p.Legend.Add("Marchenko–Pastur law, σ of kn", curve)
	_, _, _, top := bins.DataRange()
	for i, a := range []*spectrum.Analysis{iqr, kn} {
		line, err := plotter.NewLine(plotter.XYs{{X: a.Threshold, Y: 0}, {X: a.Threshold, Y: top}})
		if err != nil {
			return err
		}
		line.Color = plotutil.DarkColors[i]
		line.Width = vg.Points(1.5)
		line.Dashes = plotutil.Dashes(i)
		p.Add(line)
		p.Legend.Add(fmt.Sprintf("t of %v (edge %v): %d of %d signal", a.Noise, a.Edge, a.SignalCount, len(s)), line)
	}
	p.Legend.Top = true
	p.X.Min = 0
	p.Y.Max = 1.35 * top
	return p.Save(16*vg.Centimeter, 9*vg.Centimeter, file)
}

// fractions draws what part of pure noise each scale calls signal at its
// default edge, against the aspect ratio.
func fractions(file string) error {
	const n = 128
	scales := spectrum.NoiseScales()
	lines := make([]plotter.XYs, len(scales))
	for _, ratio := range []float64{1, 1.4, 2, 2.8, 4, 5.6, 8, 16, 32} {
		out, err := trial{rows: n, cols: int(n * ratio), entries: planted.Gaussian, draws: 16}.run(scales)
		if err != nil {
			return err
		}
		for i, o := range out {
			// A logarithmic axis has no zero: half a value in all draws stands for none.
			lines[i] = append(lines[i], plotter.XY{X: 1 / ratio, Y: 100 * max(o.fraction, 0.5/(16*n))})
		}
	}
	p := plot.New()
	p.Title.Text = "Gaussian noise called signal at the default edge, n = 128, 16 draws"
	p.X.Label.Text = "β = n/m"
	p.Y.Label.Text = "%"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	for i, noise := range scales {
		line, points, err := plotter.NewLinePoints(lines[i])
		if err != nil {
			return err
		}
		line.Color, points.Color = plotutil.Color(i), plotutil.Color(i)
		line.Width = vg.Points(1.2)
		points.Shape = plotutil.Shape(i)
		points.GlyphStyle.Shape = plotutil.Shape(i)
		points.Radius = vg.Points(2.5)
		p.Add(line, points)
		p.Legend.Add(noise.String(), line, points)
	}
	p.Legend.ThumbnailWidth = vg.Points(30)
	p.Legend.YPosition = draw.PosCenter
	p.Legend.YOffs = vg.Points(103)
	p.Legend.Left = true
	return p.Save(16*vg.Centimeter, 10*vg.Centimeter, file)
}
