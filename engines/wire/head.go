package wire

import "strings"

// ScanHead reads the identity of a YAML document from its lines, without parsing it.
//
// It understands block mappings that begin at column 0 with plain keys, the way charts are
// written. It reports false for anything else, and whenever a parser might see the document
// differently: repeated keys, quoted keys, anchors, flow mappings, scalars over several lines, tabs.
func ScanHead(document string) (Identity, bool) {
	var id Identity
	var seen, metadata field
	section, childIndent := fieldNone, -1
	if strings.IndexByte(document, '\r') >= 0 {
		return id, false
	}
	for document != "" {
		if section == fieldOther {
			document = skipIndented(document)
		}
		var line string
		line, document, _ = strings.Cut(document, "\n")
		body := strings.TrimLeft(line, " ")
		if len(body) == 0 || body[0] == '#' {
			continue
		}
		indent := len(line) - len(body)
		if body[0] == '\t' {
			return id, false
		}
		if indent == 0 {
			key, value, ok := plainEntry(body)
			if !ok {
				return id, false
			}
			section = topFields[key]
			if section != fieldNone && seen&section != 0 {
				return id, false
			}
			seen |= section
			childIndent = -1
			if !id.set(section, value) {
				return id, false
			}
			continue
		}
		if section == fieldNone {
			section = fieldOther
			continue
		}
		if section != fieldMetadata || unbalanced(body) {
			return id, false
		}
		if childIndent < 0 {
			childIndent = indent
		}
		if indent > childIndent {
			continue
		}
		key, value, ok := plainEntry(body)
		if !ok || indent < childIndent {
			return id, false
		}
		child := childFields[key]
		if metadata&child != 0 || !id.set(child, value) {
			return id, false
		}
		metadata |= child
	}
	return id, seen&fieldKind != 0 && seen&fieldAPIVersion != 0 && seen&fieldMetadata != 0
}

// skipIndented drops the lines that belong to a section which holds no part of an identity.
//
// A line that begins with a space is not an entry of the top level, whatever it is.
func skipIndented(document string) string {
	for document != "" && document[0] == ' ' {
		_, document, _ = strings.Cut(document, "\n")
	}
	return document
}

type field uint8

const (
	fieldAPIVersion field = 1 << iota
	fieldKind
	fieldMetadata
	fieldName
	fieldNamespace
	fieldGenerateName
	fieldOther

	fieldNone field = 0
)

var topFields = map[string]field{
	"apiVersion": fieldAPIVersion, "kind": fieldKind, "metadata": fieldMetadata,
}

var childFields = map[string]field{
	"name": fieldName, "namespace": fieldNamespace, "generateName": fieldGenerateName,
}

// set stores the value of a field; false if the value is not a simple string.
func (id *Identity) set(which field, value string) bool {
	var target *string
	switch which {
	case fieldAPIVersion:
		target = &id.APIVersion
	case fieldKind:
		target = &id.Kind
	case fieldName:
		target = &id.Name
	case fieldNamespace:
		target = &id.Namespace
	case fieldGenerateName:
		target = &id.GenerateName
	case fieldMetadata:
		return len(value) == 0
	default:
		return !opens(value)
	}
	text, ok := simpleString(value)
	*target = text
	return ok
}

// plainEntry splits "key: value" with a key of letters, digits, '-', '_', '.' and '/'.
func plainEntry(body string) (key, value string, ok bool) {
	colon := strings.IndexByte(body, ':')
	if colon <= 0 {
		return "", "", false
	}
	for _, c := range []byte(body[:colon]) {
		if !isWord(c) && c != '/' {
			return "", "", false
		}
	}
	value = body[colon+1:]
	if len(value) > 0 && value[0] != ' ' {
		return "", "", false
	}
	value = strings.Trim(value, " ")
	if len(value) > 0 && value[0] == '#' {
		value = ""
	}
	return body[:colon], value, true
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '-' || c == '_' || c == '.'
}

// opens reports whether a scalar or collection that begins with value may reach over this line in a
// way that hides keys.
func opens(value string) bool {
	if len(value) == 0 {
		return false
	}
	switch value[0] {
	case '|', '>':
		return false
	case '{', '[':
		return value != "{}" && value != "[]"
	case '"', '\'':
		_, ok := simpleString(value)
		return !ok
	case '&', '*', '!', '%', '@', '`', '?', '\t':
		return true
	}
	return false
}

// unbalanced reports whether a line may open a quoted scalar that it does not close.
func unbalanced(line string) bool {
	return strings.Count(line, "\"")%2 != 0 || strings.Count(line, "'")%2 != 0
}

// simpleString returns the string that a scalar stands for, if that is plain to see.
func simpleString(value string) (string, bool) {
	if len(value) == 0 {
		return "", false
	}
	quote := value[0]
	if quote == '"' || quote == '\'' {
		end := strings.IndexByte(value[1:], quote)
		if end < 0 || end != len(value)-2 || strings.IndexByte(value, '\\') >= 0 {
			return "", false
		}
		return value[1 : len(value)-1], true
	}
	letter := false
	for _, c := range []byte(value) {
		if !isWord(c) && c != '/' {
			return "", false
		}
		letter = letter || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	first := value[0]
	startsPlain := first >= 'a' && first <= 'z' || first >= 'A' && first <= 'Z'
	if !letter || !startsPlain || words[strings.ToLower(value)] {
		return "", false
	}
	return value, true
}

// words are plain scalars that YAML 1.1 does not read as strings.
var words = map[string]bool{
	"y": true, "n": true, "yes": true, "no": true, "on": true, "off": true, "true": true,
	"false": true, "null": true,
}
