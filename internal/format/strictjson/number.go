package strictjson

import (
	"math"
	"strconv"
)

// Number reads a number as the nearest float64. One beyond the range is
// infinite, as it is to Python.
func (s *Scanner) Number() (float64, error) {
	c := s.Peek()
	start := s.pos
	switch {
	case s.nonFiniteToken():
	case c == '-' || isDigit(c):
		if err := s.number(); err != nil {
			return 0, err
		}
	default:
		return 0, s.unexpected("a number")
	}
	// ParseFloat knows the tokens that are not finite too. The only error that
	// can be left is ErrRange, and then f is ±Inf.
	f, _ := strconv.ParseFloat(string(s.data[start:s.pos]), 64)
	return f, nil
}

// Natural reads an integer that is not negative, written with digits only:
// 1.0 and 1e3 are errors. So is a value above the largest int64.
func (s *Scanner) Natural() (int64, error) {
	if c := s.Peek(); c == '-' {
		return 0, s.Errorf("negative number")
	} else if !isDigit(c) {
		return 0, s.unexpected("an integer")
	}
	start := s.pos
	if err := s.number(); err != nil {
		return 0, err
	}
	token := s.data[start:s.pos]
	var v int64
	for _, c := range token {
		if !isDigit(c) {
			return 0, ErrorAt(start, "%.40q is not an integer", token)
		}
		d := int64(c - '0')
		if v > (math.MaxInt64-d)/10 {
			return 0, ErrorAt(start, "%.40q is too large", token)
		}
		v = v*10 + d
	}
	return v, nil
}

// nonFiniteToken reads a number that is not finite, if one comes next and they
// are allowed.
func (s *Scanner) nonFiniteToken() bool {
	return s.nonFinite && (s.literal("NaN") || s.literal("Infinity") || s.literal("-Infinity"))
}

// number reads a number by JSON's grammar, without evaluating it.
func (s *Scanner) number() error {
	if s.at() == '-' {
		s.pos++
	}
	if s.at() == '0' {
		s.pos++
	} else if err := s.digits(); err != nil {
		return err
	}
	if s.at() == '.' {
		s.pos++
		if err := s.digits(); err != nil {
			return err
		}
	}
	if c := s.at(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.at(); c == '+' || c == '-' {
			s.pos++
		}
		return s.digits()
	}
	return nil
}

// digits reads one digit or more.
func (s *Scanner) digits() error {
	if !isDigit(s.at()) {
		return s.unexpected("a digit")
	}
	for isDigit(s.at()) {
		s.pos++
	}
	return nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
