package hub_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/hub"
)

// A hub of one model serves the example instead of huggingface.co.
func serve(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/api/models/org/name/revision/main":
		fmt.Fprint(w, `{"sha":"0123abcd","siblings":[{"rfilename":"config.json"},{"rfilename":"model.safetensors"}]}`)
	case "/org/name/resolve/0123abcd/config.json":
		fmt.Fprint(w, `{"model_type":"llama"}`)
	default:
		http.NotFound(w, r)
	}
}

func ExampleClient_List() {
	server := httptest.NewServer(http.HandlerFunc(serve))
	defer server.Close()
	client := &hub.Client{Endpoint: server.URL}

	files, err := client.List(context.Background(), hub.Repo{Name: "org/name"})
	if err != nil {
		log.Fatal(err)
	}
	defer files.Close()
	fmt.Println(files.Repo, files.Files)
	text, err := fs.ReadFile(files, "config.json")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))

	_, err = client.List(context.Background(), hub.Repo{Name: "org/other"})
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output:
	// hf://org/name@0123abcd [config.json model.safetensors]
	// {"model_type":"llama"}
	// true
}

// A client handed to checkpoint opens hf://org/name from the hub, and org/name from the
// local cache.
func ExampleClient_Find() {
	server := httptest.NewServer(http.HandlerFunc(serve))
	defer server.Close()
	client := hub.New()
	client.Endpoint = server.URL
	opener := checkpoint.Opener{Hub: client}

	_, err := opener.Open(context.Background(), "hf://org/name/tokenizer.gguf")
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	_, err = opener.Open(context.Background(), "hf://name")
	fmt.Println(errors.Is(err, hub.ErrAddress))
	// Output:
	// true
	// true
}

func ExampleParse() {
	repo, ok := hub.Parse("org/name@v1.0/tokenizer.json")
	fmt.Printf("%t: %s, revision %s, file %s\n", ok, repo.Name, repo.Revision, repo.File)
	// Output:
	// true: org/name, revision v1.0, file tokenizer.json
}
