package wire

import "strings"

// ScanStrict reads the identity of a document that it can prove to be valid YAML.
//
// It knows the part of YAML that most charts keep to: printable ASCII, block mappings with plain
// keys, block sequences, block scalars, and scalars on one line. It reports false for everything
// else, valid or not. What it accepts, a parser accepts, with the same identity; the fuzz test
// compares the two.
func ScanStrict(document string) (Identity, bool) {
	for i := range len(document) {
		if c := document[i]; (c < 0x20 || c > 0x7e) && c != '\n' {
			return Identity{}, false
		}
	}
	s := strict{rest: document}
	s.advance()
	if s.end || s.indent != 0 || !s.mapping(0, levelTop) || !s.end {
		return Identity{}, false
	}
	return s.id, s.seen&(fieldKind|fieldAPIVersion) == fieldKind|fieldAPIVersion
}

// level says which mapping of a document is being read.
type level uint8

const (
	levelOther level = iota
	levelTop
	levelMetadata
	// levelScalars is a mapping that may hold nothing but scalars.
	levelScalars
)

// strict is a line scanner with one line of lookahead.
type strict struct {
	// rest is what follows the current line.
	rest string
	// indent and body are the current line, without its indentation.
	indent int
	body   string
	// end is set behind the last line.
	end bool
	// depth is how many collections are open.
	depth int
	id    Identity
	seen  field
}

// maxDepth is far below the depth at which parsers give up.
const maxDepth = 100

// advance moves to the next line that is neither blank nor a comment.
func (s *strict) advance() {
	for s.rest != "" {
		line := s.rest
		if at := strings.IndexByte(line, '\n'); at >= 0 {
			line, s.rest = line[:at], line[at+1:]
		} else {
			s.rest = ""
		}
		indent := 0
		for indent < len(line) && line[indent] == ' ' {
			indent++
		}
		if indent < len(line) && line[indent] != '#' {
			s.indent, s.body = indent, line[indent:]
			return
		}
	}
	s.end, s.indent, s.body = true, -1, ""
}

// node reads the block collection that begins on the current line.
func (s *strict) node(at level) bool {
	if s.item() {
		return at == levelOther && s.sequence(s.indent)
	}
	return s.mapping(s.indent, at)
}

// item reports whether the current line is an entry of a sequence.
func (s *strict) item() bool {
	return s.body == "-" || strings.HasPrefix(s.body, "- ")
}

// mapping reads the entries at indent.
func (s *strict) mapping(indent int, at level) bool {
	s.depth++
	defer func() { s.depth-- }()
	if s.depth > maxDepth {
		return false
	}
	for !s.end && s.indent == indent {
		if !s.entry(indent, s.body, at) {
			return false
		}
	}
	return s.end || s.indent < indent
}

// entry reads "key: value", whose key is at indent, and what belongs to it.
func (s *strict) entry(indent int, body string, at level) bool {
	key, value, ok := strictEntry(body)
	if !ok {
		return false
	}
	which, nested := fieldNone, levelOther
	switch at {
	case levelTop:
		which = topFields[key]
		if which == fieldMetadata {
			nested = levelMetadata
		}
	case levelMetadata:
		which = childFields[key]
		if key == "annotations" || key == "labels" {
			nested = levelScalars
			which = fieldOther
		}
	case levelScalars:
		if value == "" || value == "{}" || value == "[]" {
			return false
		}
	}
	if which != fieldNone && which != fieldOther {
		if s.seen&which != 0 || !s.id.set(which, value) {
			return false
		}
		s.seen |= which
	} else if nested == levelScalars && value != "" {
		return false
	}
	if value != "" {
		return s.scalar(indent, value)
	}
	s.advance()
	if s.end || s.indent < indent || s.indent == indent && !s.item() {
		return true
	}
	if s.indent == indent {
		return nested == levelOther && s.sequence(indent)
	}
	return s.node(nested)
}

// sequence reads the entries at indent.
func (s *strict) sequence(indent int) bool {
	s.depth++
	defer func() { s.depth-- }()
	if s.depth > maxDepth {
		return false
	}
	for !s.end && s.indent == indent && s.item() {
		rest := strings.TrimLeft(s.body[1:], " ")
		column := indent + len(s.body) - len(rest)
		rest = strings.TrimRight(rest, " ")
		if rest == "" {
			s.advance()
			if !s.end && s.indent > indent && !s.node(levelOther) {
				return false
			}
			continue
		}
		if _, _, ok := strictEntry(rest); ok {
			if !s.entry(column, rest, levelOther) || !s.mappingRest(column) {
				return false
			}
			continue
		}
		if !s.scalar(indent, rest) {
			return false
		}
	}
	return s.end || s.indent < indent || s.indent == indent && !s.item()
}

// mappingRest reads the entries of a mapping that began behind a dash.
func (s *strict) mappingRest(column int) bool {
	return s.end || s.indent < column || s.mapping(column, levelOther)
}

// scalar reads a value that belongs to an entry at indent, and moves behind it.
func (s *strict) scalar(indent int, value string) bool {
	switch value[0] {
	case '|', '>':
		switch value[1:] {
		case "", "-", "+":
			return s.block(indent)
		}
		return false
	case '"', '\'':
		end := strings.IndexByte(value[1:], value[0])
		if end < 0 || end != len(value)-2 || strings.IndexByte(value, '\\') >= 0 {
			return false
		}
	case '{', '[':
		if value != "{}" && value != "[]" {
			return false
		}
	default:
		if !plain(value) {
			return false
		}
	}
	s.advance()
	return s.end || s.indent <= indent
}

// block reads the lines of a block scalar of an entry at indent.
func (s *strict) block(indent int) bool {
	content := -1
	for s.rest != "" {
		line, rest, _ := strings.Cut(s.rest, "\n")
		spaces := 0
		for spaces < len(line) && line[spaces] == ' ' {
			spaces++
		}
		if spaces == len(line) {
			if content < 0 && spaces > 0 {
				return false
			}
			s.rest = rest
			continue
		}
		if spaces <= indent {
			break
		}
		if content < 0 {
			content = spaces
		}
		if spaces < content {
			return false
		}
		s.rest = rest
	}
	s.advance()
	return s.end || s.indent <= indent
}

// strictEntry splits "key: value" with a plain key.
func strictEntry(body string) (key, value string, ok bool) {
	at := 0
	for at < len(body) && (isWord(body[at]) || body[at] == '/') {
		at++
	}
	if at == 0 || at == len(body) || body[at] != ':' || !isLetter(body[0]) {
		return "", "", false
	}
	key, value = body[:at], body[at+1:]
	if value != "" && value[0] != ' ' {
		return "", "", false
	}
	return key, strings.Trim(value, " "), true
}

// plain reports whether a value is a plain scalar on one line, without a comment behind it.
func plain(value string) bool {
	first := value[0]
	digit := first >= '0' && first <= '9'
	if !isLetter(first) && !digit && first != '/' && first != '_' && first != '$' {
		return false
	}
	for at := range len(value) - 1 {
		if value[at] == ':' && value[at+1] == ' ' || value[at] == ' ' && value[at+1] == '#' {
			return false
		}
	}
	return value[len(value)-1] != ':'
}

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
