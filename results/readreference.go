package results

import (
	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/format/strictjson"
)

// parsePlain reads {"<module>": {"snr": x, "type": "t"}}.
func parsePlain(s *strictjson.Scanner) ([]spectrum.Layer, error) {
	var rows []spectrum.Layer
	err := s.Object(func(module string) error {
		at := s.Offset()
		row := spectrum.Layer{Name: module}
		var hasSNR, hasType bool
		err := s.Object(func(key string) (err error) {
			switch key {
			case "snr":
				hasSNR = true
				row.SNR, err = scoreOf(s, module)
			case "type":
				hasType = true
				row.Type, err = typeOf(s, module)
			default:
				err = s.Skip()
			}
			return err
		})
		switch {
		case err != nil:
			return err
		case !hasSNR:
			return strictjson.ErrorAt(at, `module %q has no "snr"`, module)
		case !hasType:
			return strictjson.ErrorAt(at, `module %q has no "type"`, module)
		}
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

// parseSorted reads {"<type>": {"<module>": x}}.
func parseSorted(s *strictjson.Scanner) ([]spectrum.Layer, error) {
	var rows []spectrum.Layer
	seen := make(map[string]struct{})
	err := s.Object(func(typ string) error {
		return s.Object(func(module string) error {
			at := s.Offset()
			snr, err := scoreOf(s, module)
			if err != nil {
				return err
			}
			if _, ok := seen[module]; ok {
				return strictjson.ErrorAt(at, "module %q again, under type %q", module, typ)
			}
			seen[module] = struct{}{}
			rows = append(rows, spectrum.Layer{Name: module, Type: typ, SNR: snr})
			return nil
		})
	})
	return rows, err
}

// scoreOf consumes the SNR of module.
func scoreOf(s *strictjson.Scanner, module string) (float64, error) {
	if kind := kindOf(s.Peek()); kind != number {
		return 0, s.Errorf("module %q: the SNR is %s, not a number", module, kind)
	}
	return s.Number()
}

// typeOf consumes the type of module.
func typeOf(s *strictjson.Scanner, module string) (string, error) {
	if c := s.Peek(); c != '"' {
		return "", s.Errorf("module %q: the type is %s, not a string", module, kindOf(c))
	}
	return s.String()
}
