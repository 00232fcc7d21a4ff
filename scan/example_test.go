package scan_test

import (
	"context"
	"fmt"
	"log"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/scan"
)

const tinyLlama = "../testdata/tiny-llama"

func ExampleRun() {
	m, err := checkpoint.Open(context.Background(), tinyLlama)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	analysed, weak := 0, 0
	for o, err := range scan.Run(context.Background(), m, scan.Options{Memory: 256 << 20}) {
		switch {
		case err != nil:
			log.Fatal(err)
		case o.Err != nil:
			fmt.Println(o.Err) // the others go on
		case o.Analysis != nil && o.TiedTo == "":
			analysed++
			if o.Analysis.StableRank < 2 {
				weak++
			}
		}
	}
	fmt.Println(analysed, "matrices,", weak, "of a stable rank below 2")
	// Output: 57 matrices, 2 of a stable rank below 2
}

func ExampleCollect() {
	m, err := checkpoint.Open(context.Background(), tinyLlama)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	outcomes, err := scan.Collect(context.Background(), m, scan.Options{Include: []string{"self_attn.o_proj"}})
	if err != nil {
		log.Fatal(err)
	}
	sel, err := spectrum.SelectTopK(scan.Layers(outcomes), 25)
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
	outcomes, err := scan.List(m, scan.Options{Exclude: []string{"mlp.*"}})
	if err != nil {
		log.Fatal(err)
	}
	n := 0
	for o := range outcomes {
		if n++; n > 3 {
			break
		}
		if o.Reason == "" {
			fmt.Printf("%s (%s): yes\n", o.Name, o.Type)
		} else {
			fmt.Printf("%s (%s): no, %s\n", o.Name, o.Type, o.Reason)
		}
	}
	// Output:
	// model.embed_tokens.weight (model.embed_tokens): yes
	// model.layers.0.input_layernorm.weight (input_layernorm): no, 1-D, ranked only on request
	// model.layers.0.mlp.down_proj.weight (mlp.down_proj): no, excluded by "mlp.*"
}

func ExampleProgress() {
	m, err := checkpoint.Open(context.Background(), tinyLlama)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	_, err = scan.Collect(context.Background(), m, scan.Options{
		Include:  []string{"model.embed_tokens"},
		Progress: func(p scan.Progress) { fmt.Printf("%d of %d, %.0f %%\n", p.Done, p.Total, 100*p.Work/p.TotalWork) },
	})
	fmt.Println(err)
	// Output:
	// 0 of 1, 0 %
	// 1 of 1, 100 %
	// <nil>
}
