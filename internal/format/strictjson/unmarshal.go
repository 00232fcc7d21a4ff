package strictjson

import "encoding/json"

// Unmarshal is [json.Unmarshal] for a text that a [Scanner] accepts: encoding/json takes the
// last of two members with one key without a word, and any depth. The error may be an
// [*Error].
func Unmarshal(data []byte, v any) error {
	s, err := New(data)
	if err != nil {
		return err
	}
	if err := s.Skip(); err != nil {
		return err
	}
	if err := s.End(); err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}
