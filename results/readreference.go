package results

import (
	"github.com/gospectrum/spectrum"
)

// parsePlain reads {"<module>": {"snr": x, "type": "t"}}.
func parsePlain(lx *lexer) ([]spectrum.Layer, error) {
	var rows []spectrum.Layer
	err := lx.object(func(module string) error {
		lx.peek()
		at := lx.pos
		row := spectrum.Layer{Name: module}
		var hasSNR, hasType bool
		err := lx.object(func(key string) (err error) {
			switch key {
			case "snr":
				hasSNR = true
				row.SNR, err = scoreOf(lx, module)
			case "type":
				hasType = true
				row.Type, err = typeOf(lx, module)
			default:
				err = lx.skip()
			}
			return err
		})
		switch {
		case err != nil:
			return err
		case !hasSNR:
			return lx.errorAt(at, `module %q has no "snr"`, module)
		case !hasType:
			return lx.errorAt(at, `module %q has no "type"`, module)
		}
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

// parseSorted reads {"<type>": {"<module>": x}}.
func parseSorted(lx *lexer) ([]spectrum.Layer, error) {
	var rows []spectrum.Layer
	seen := make(map[string]struct{})
	err := lx.object(func(typ string) error {
		return lx.object(func(module string) error {
			lx.peek()
			at := lx.pos
			snr, err := scoreOf(lx, module)
			if err != nil {
				return err
			}
			if _, ok := seen[module]; ok {
				return lx.errorAt(at, "module %q again, under type %q", module, typ)
			}
			seen[module] = struct{}{}
			rows = append(rows, spectrum.Layer{Name: module, Type: typ, SNR: snr})
			return nil
		})
	})
	return rows, err
}

// scoreOf consumes the SNR of module.
func scoreOf(lx *lexer, module string) (float64, error) {
	if c := lx.peek(); !isNumberStart(c) {
		return 0, lx.errorAt(lx.pos, "module %q: the SNR is %s, not a number", module, kindOf(c))
	}
	return lx.number()
}

// typeOf consumes the type of module.
func typeOf(lx *lexer, module string) (string, error) {
	if c := lx.peek(); c != '"' {
		return "", lx.errorAt(lx.pos, "module %q: the type is %s, not a string", module, kindOf(c))
	}
	return lx.str()
}
