package hashed

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestTable finds what was added, once, and nothing else.
func TestTable(t *testing.T) {
	var table Table
	var list []string
	assert.Equal(t, -1, table.Find(list, ""))
	for i := range 5000 {
		s := fmt.Sprint(i * i)
		assert.Equal(t, !slices.Contains(list, s), table.Add(list, s))
		list = append(list, s)
		assert.False(t, table.Add(list, s))
	}
	assert.True(t, table.Add(list, ""))
	list = append(list, "")
	for i, s := range list {
		assert.Equal(t, i, table.Find(list, s))
		assert.Equal(t, -1, table.Find(list, s+"x"))
	}
}
