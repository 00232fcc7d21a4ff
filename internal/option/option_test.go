package option

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEnum(t *testing.T) {
	e := Enum{"colour", []string{"red", "green"}}
	for i, name := range e.Names {
		text, err := e.Marshal(uint8(i))
		require.NoError(t, err)
		assert.Equal(t, name, string(text))
		assert.Equal(t, name, e.Name(uint8(i)))
		v := uint8(7)
		require.NoError(t, Unmarshal(e, &v, text))
		assert.Equal(t, uint8(i), v)
	}
	assert.Equal(t, "unknown(2)", e.Name(2))
	_, err := e.Marshal(2)
	assert.ErrorIs(t, err, Err)
}

func TestUnmarshalKeepsTheValueAfterAnError(t *testing.T) {
	v := uint8(1)
	err := Unmarshal(Enum{"colour", []string{"red", "green"}}, &v, []byte("blue"))
	assert.ErrorIs(t, err, Err)
	assert.ErrorContains(t, err, `colour "blue"; one of red, green`)
	assert.Equal(t, uint8(1), v)
}
