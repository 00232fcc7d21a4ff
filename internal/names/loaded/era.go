package loaded

import (
	"fmt"
	"strconv"
	"strings"
)

// Era is a range of versions of transformers that give the same names.
type Era int

// The eras, newest first.
const (
	Transformers5   Era = iota // 5 and later: experts of a block are one parameter
	Transformers4              // 4.52 to 4.57: the towers of multimodal models are in model
	Transformers451            // before 4.52: names as stored
)

func eras() []Era { return []Era{Transformers5, Transformers4, Transformers451} }

// ParseEra returns the era of a version, such as 5, 5.14.1, 4.57 or v4.51.3; "" is the
// newest.
func ParseEra(version string) (Era, error) {
	if version == "" {
		return Transformers5, nil
	}
	parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
	numbers := [2]int{0, -1}
	for i := range min(len(parts), 2) {
		n, err := strconv.Atoi(parts[i])
		if err != nil || n < 0 {
			return 0, fmt.Errorf("version %q of transformers: want one such as 5, 4.57 or 4.51.3", version)
		}
		numbers[i] = n
	}
	switch major, minor := numbers[0], numbers[1]; {
	case major >= 5:
		return Transformers5, nil
	case major == 4 && (minor < 0 || minor >= 52):
		return Transformers4, nil
	case major == 4 || major == 3 || major == 2:
		return Transformers451, nil
	}
	return 0, fmt.Errorf("version %q of transformers: there is none before 2", version)
}

// String returns the oldest version of the era, which ParseEra reads back; of the
// last era the newest.
func (e Era) String() string {
	switch e {
	case Transformers5:
		return "5"
	case Transformers4:
		return "4.52"
	case Transformers451:
		return "4.51"
	}
	return fmt.Sprintf("Era(%d)", int(e))
}
