package checkpoint

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/hub"
)

// parallelReads is how many requests are under way at a time.
const parallelReads = 8

// openCached opens a model of the local cache. Its path is that of the snapshot,
// whose name is the commit.
func (o Opener) openCached(ctx context.Context, path string, repo hub.Repo) (*Model, error) {
	dir, err := hub.Snapshot(hub.CacheDir(), repo)
	if err != nil {
		return nil, fmt.Errorf("%s is no path, and %w; %s streams it", path, err, repo)
	}
	o, file := o.choosing(repo.File, func(name string) bool { return onDisk(localDir(dir).path(name)) })
	m, err := o.open(ctx, dir, localDir(dir), file)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// stream opens a model of the hub.
func (o Opener) stream(ctx context.Context, address string) (*Model, error) {
	repo, ok := hub.Parse(address)
	if !ok {
		return nil, fmt.Errorf("%w: %s is not %sorg/name[@revision][/file]", ErrUnsupported, address, hub.Scheme)
	}
	return o.streamFrom(ctx, hub.NewClient(parallelReads), repo)
}

func (o Opener) streamFrom(ctx context.Context, c *hub.Client, repo hub.Repo) (*Model, error) {
	listing, err := c.List(ctx, repo)
	if err != nil {
		c.Close()
		return nil, err
	}
	o, file := o.choosing(repo.File, func(name string) bool { return slices.Contains(listing.Files, name) })
	m, err := o.open(ctx, listing.Repo.String(), remoteDir{listing}, file)
	if err != nil {
		c.Close()
		return nil, err
	}
	m.release = c.Close
	return m, nil
}

// remoteDir is a model of a hub at one commit.
type remoteDir struct{ *hub.Listing }

func (d remoteDir) path(name string) string {
	if name == "." {
		return d.Repo.String()
	}
	r := d.Repo
	r.File = name
	return r.String()
}

func (d remoteDir) open(ctx context.Context, name string) (source, int64, error) {
	f, err := d.Open(ctx, name)
	if err != nil {
		return nil, 0, err
	}
	size, err := f.Size()
	return f, size, err
}

func (d remoteDir) exists(_ context.Context, name string) (bool, error) {
	return slices.Contains(d.Files, name), nil
}

func (d remoteDir) list(context.Context) (names []string, err error) {
	for _, name := range d.Files {
		if !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	return names, nil
}
