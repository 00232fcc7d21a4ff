package strictjson

import (
	"fmt"
	"unicode/utf8"
)

// Error is an error at a place in the data.
type Error struct {
	Offset int   // in bytes from the start of the data
	Err    error // what is wrong there
}

// Error returns the text of e.Err behind "byte N: ".
func (e *Error) Error() string { return fmt.Sprintf("byte %d: %v", e.Offset, e.Err) }

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// ErrorAt returns an [*Error] at offset with the text of [fmt.Errorf].
func ErrorAt(offset int, format string, args ...any) error {
	return &Error{offset, fmt.Errorf(format, args...)}
}

// Errorf is [ErrorAt] for the current position: that of the next token after
// [Scanner.Peek], the end of what was read otherwise.
func (s *Scanner) Errorf(format string, args ...any) error {
	return ErrorAt(s.pos, format, args...)
}

// unexpected reports what is at the current position in place of want.
func (s *Scanner) unexpected(want string) error {
	if s.pos >= len(s.data) {
		return s.Errorf("unexpected end of the data, want %s", want)
	}
	r, _ := utf8.DecodeRune(s.data[s.pos:])
	return s.Errorf("unexpected %q, want %s", r, want)
}
