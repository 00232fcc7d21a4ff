package scan_test

import (
	"context"
	"fmt"
	"log"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/results"
	"github.com/gospectrum/spectrum/scan"
)

const tinyLlama = "../testdata/tiny-llama"

func ExampleRun() {
	m, err := checkpoint.Open(context.Background(), tinyLlama)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	file, err := scan.Run(context.Background(), m, scan.Options{
		Include: []string{"self_attn.o_proj"},
		Memory:  256 << 20,
	})
	if err != nil {
		log.Fatal(err)
	}
	sel, err := spectrum.SelectTopK(results.FromFile(file).Layers(), 25)
	if err != nil {
		log.Fatal(err)
	}
	for _, l := range sel.Layers() {
		fmt.Printf("%s %.2f\n", l.Name, l.SNR)
	}
	// Output:
	// model.layers.5.self_attn.o_proj.weight 4.85
	// model.layers.1.self_attn.o_proj.weight 4.11
}

func ExampleList() {
	m, err := checkpoint.Open(context.Background(), tinyLlama)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	tensors, skipped, err := scan.List(m, scan.Options{Exclude: []string{"mlp.*"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(tensors), "to scan, first", tensors[0].Name)
	fmt.Println(len(skipped), "not, first", skipped[0].Name+":", skipped[0].Reason)
	// Output:
	// 33 to scan, first model.embed_tokens.weight
	// 41 not, first model.layers.0.input_layernorm.weight: 1-D, ranked only on request
}

func ExampleTiedHead() {
	m, err := checkpoint.Open(context.Background(), tinyLlama)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	fmt.Println(scan.TiedHead(m))
	// Output: lm_head.weight model.embed_tokens.weight
}

func ExampleProgress() {
	m, err := checkpoint.Open(context.Background(), tinyLlama)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	_, err = scan.Run(context.Background(), m, scan.Options{
		Include:  []string{"model.embed_tokens"},
		Progress: func(p scan.Progress) { fmt.Printf("%d of %d, %.0f %%\n", p.Done, p.Total, 100*p.Work/p.TotalWork) },
	})
	fmt.Println(err)
	// Output:
	// 0 of 1, 0 %
	// 1 of 1, 100 %
	// <nil>
}
