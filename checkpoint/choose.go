package checkpoint

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/internal/format/sniff"
	"github.com/gospectrum/spectrum/internal/names"
)

// The names under which transformers, diffusers and others keep the weights of a
// model, by the ending of the file. What comes first is taken first.
var (
	safetensorsStems = []string{"model", "diffusion_pytorch_model", "consolidated"}
	torchStems       = []string{"pytorch_model", "diffusion_pytorch_model"}
)

// pipelineName is the file that diffusers puts beside the folders of several models.
const pipelineName = "model_index.json"

// folder is what a directory has for choose.
type folder struct {
	path  string
	files []string // by name
	have  map[string]bool
}

// readFolder lists a directory. One that cannot be listed is asked for the usual names.
func readFolder(dir directory) (*folder, error) {
	files, err := dir.list()
	if err != nil {
		if files = usual(dir); len(files) == 0 {
			return nil, err
		}
	}
	f := &folder{path: dir.path("."), have: make(map[string]bool)}
	for _, name := range files {
		if !strings.HasPrefix(name, ".") { // such as the ._ files of a Mac
			f.files = append(f.files, name)
			f.have[name] = true
		}
	}
	slices.SortFunc(f.files, names.Compare)
	return f, nil
}

func usual(dir directory) (files []string) {
	for ext, stems := range map[string][]string{suffix: safetensorsStems, torchSuffix: torchStems} {
		for _, stem := range stems {
			for _, name := range []string{stem + ext, stem + ext + indexMiddle + indexEnding} {
				if ok, err := dir.exists(name); ok && err == nil {
					files = append(files, name)
				}
			}
		}
	}
	return files
}

// choose returns the name of the file to open: weights or an index. An adapter is
// taken only where there is nothing else: beside a model it is no model.
func (f *folder) choose() (string, error) {
	model := *f
	model.files = slices.DeleteFunc(slices.Clone(f.files), func(name string) bool { return strings.HasPrefix(name, adapterStem) })
	if name, err := model.find(); name != "" || err != nil {
		return name, err
	}
	if name, err := f.find(); name != "" || err != nil {
		return name, err
	}
	if i := slices.IndexFunc(f.files, func(name string) bool { return partOf(name) != "" }); i >= 0 {
		return "", f.failed("%w: %s is %s", ErrUnsupported, f.files[i], partOf(f.files[i]))
	}
	if i := slices.IndexFunc(f.files, foreign); i >= 0 {
		return "", f.failed("%s is %w; %s", f.files[i], ErrUnsupported, readable)
	}
	if f.have[pipelineName] {
		return "", f.failed("a pipeline of diffusers (%s); name the folder of one of its models, such as unet or transformer", pipelineName)
	}
	return "", f.failed("neither %s, %s, a GGUF, a PyTorch nor a NumPy file", weightsName, indexName)
}

// find returns what choose does, or nothing.
func (f *folder) find() (string, error) {
	for _, find := range []func() (string, error){
		func() (string, error) { return f.family(suffix, safetensorsStems) },
		func() (string, error) { return f.only(sniff.Safetensors, indexName) },
		func() (string, error) { return f.family(torchSuffix, torchStems) },
		f.onlyGGUF,
		func() (string, error) { return f.only(sniff.TorchZip, torchStems[0]+torchSuffix) },
		func() (string, error) { return f.only(sniff.NPZ, "weights.npz") },
		func() (string, error) { return f.only(sniff.NPY, "weights.npz") },
	} {
		if name, err := find(); name != "" || err != nil {
			return name, err
		}
	}
	return "", nil
}

func (f *folder) failed(format string, args ...any) error {
	return fmt.Errorf("%s: %w: %w", f.path, ErrNoWeights, fmt.Errorf(format, args...))
}

// family finds the weights with one of the names that the tools look for: the file
// itself, else its index, else the only index there is, else the only variant.
func (f *folder) family(ext string, stems []string) (string, error) {
	for _, stem := range stems {
		for _, name := range []string{stem + ext, stem + ext + indexMiddle + indexEnding} {
			if f.have[name] {
				return name, nil
			}
		}
	}
	var indexes, variants []string
	for _, name := range f.files {
		stem, variant, kind, index := nameParts(name)
		switch known := slices.Contains(stems, stem); {
		case kind != ext:
		case index && variant == "":
			indexes = append(indexes, name)
		case known && variant != "" && !partial(name):
			variants = append(variants, name)
		}
	}
	switch {
	case len(indexes) > 1:
		return "", f.failed("%d indexes (%s, …); name one of them", len(indexes), indexes[0])
	case len(indexes) == 1:
		return indexes[0], nil
	case len(variants) > 1:
		return "", f.failed("%d variants (%s, …); name one of them", len(variants), variants[0])
	case len(variants) == 1:
		return variants[0], nil
	}
	return "", nil
}

// only returns the single file of a format, where want was looked for.
func (f *folder) only(kind sniff.Kind, want string) (string, error) {
	found := slices.DeleteFunc(slices.Clone(f.files), func(name string) bool {
		return kindByName(name) != kind || isIndex(name) || leftover(name)
	})
	if err := modelParallel(found); err != nil {
		return "", fmt.Errorf("%s: %w", f.path, err)
	}
	switch {
	case len(found) == 0:
		return "", nil
	case len(found) > 1:
		return "", f.failed("%d %s files (%s, …) and no %s; name one of them", len(found), path.Ext(found[0])[1:], found[0], want)
	case partial(found[0]):
		return "", f.failed("%s is one of several shards and there is no index of them; name the file to open it alone", found[0])
	}
	return found[0], nil
}

// leftover reports whether a file of PyTorch is what a trainer keeps beside the
// weights, or no file of PyTorch: .bin means anything.
func leftover(name string) bool {
	if partOf(name) != "" {
		return true
	}
	if strings.EqualFold(path.Ext(name), torchSuffix) {
		return !slices.ContainsFunc(slices.Concat(torchStems, []string{adapterStem}), func(stem string) bool { return strings.HasPrefix(name, stem) })
	}
	for _, stem := range []string{"optimizer", "scheduler", "rng_state", "random_states", "scaler", "training_args", "trainer_state"} {
		if strings.HasPrefix(name, stem) && isTorch(name) {
			return true
		}
	}
	return false
}

// onlyGGUF returns the first file of a model that is split into several, or the
// only file. What llama.cpp keeps apart for images, mmproj, is no model of its own.
func (f *folder) onlyGGUF() (string, error) {
	var all, firsts []string
	for _, name := range f.files {
		if kindByName(name) != sniff.GGUF {
			continue
		}
		all = append(all, name)
		if no, _, ok := splitNumber(name); !ok || no == 1 {
			firsts = append(firsts, name)
		}
	}
	models := slices.DeleteFunc(slices.Clone(firsts), func(name string) bool { return strings.HasPrefix(name, "mmproj") })
	switch {
	case len(models) == 1:
		return models[0], nil
	case len(firsts) == 1:
		return firsts[0], nil
	case len(all) == 0:
		return "", nil
	}
	return "", f.failed("%d gguf files (%s, …); name one of them", len(all), all[0])
}

// modelParallel refuses checkpoints of which every file holds a slice of every matrix:
// consolidated.00.pth, consolidated.01.pth, ….
func modelParallel(files []string) error {
	var parts []string
	for _, name := range files {
		if isSlice(name) {
			parts = append(parts, name)
		}
	}
	if len(parts) < 2 {
		return nil
	}
	return fmt.Errorf("%w: %s and %s hold each a slice of every matrix (model parallel); convert them to safetensors",
		ErrUnsupported, parts[0], parts[1])
}

func isSlice(name string) bool {
	stem, number, _, index := nameParts(name)
	return stem == "consolidated" && names.IsNumber(number) && isTorch(name) && !index
}

// others returns the files of weights and the indexes that are not among those taken.
func (f *folder) others(taken map[string]bool) (list []string) {
	for _, name := range f.files {
		if !taken[name] && (kindByName(name) != sniff.Unknown || isIndex(name)) && !leftover(name) {
			list = append(list, name)
		}
	}
	return list
}

// noteChoice says what was taken of a directory, and what was not.
func (m *Model) noteChoice(f *folder, name string) {
	taken := map[string]bool{name: true}
	for _, s := range m.shards {
		taken[s.name] = true
	}
	text := "reads " + name
	if n := len(m.shards); n > 1 || isIndex(name) {
		text = fmt.Sprintf("reads the %d files of %s", n, name)
	}
	others := f.others(taken)
	if len(others) > 0 {
		text += "; not read: " + enumerate(others)
	}
	if index := name + indexMiddle + indexEnding; f.have[index] {
		text += fmt.Sprintf("; of %s and %s one may be out of date", name, index)
	}
	m.notes.add("%s", text)
}

// enumerate lists names, the first few of many.
func enumerate(list []string) string {
	const few = 4
	if len(list) <= few {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s, … (%d in all)", strings.Join(list[:few], ", "), len(list))
}
