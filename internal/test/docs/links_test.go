package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	mdLink     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	mdHeading  = regexp.MustCompile(`(?m)^#+ (.*)$`)
	mdUnlinked = regexp.MustCompile(`[^\p{L}\p{N}_ -]`) // what an anchor leaves out of its heading
)

// Links in the documents that stay in the checkout lead somewhere.
func TestLinksInDocuments(t *testing.T) {
	files, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range append(files, "README.md", "CONTRIBUTING.md", "ARCHITECTURE.md") {
		for _, m := range mdLink.FindAllStringSubmatch(withoutFences(readDoc(t, file)), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			seen++
			path := file
			if target != "" {
				path = filepath.Join(filepath.Dir(file), filepath.FromSlash(target))
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s: link to %s: %v", file, m[1], err)
			} else if anchor != "" && !anchorsOf(readDoc(t, path))[anchor] {
				t.Errorf("%s: link to %s: no such heading", file, m[1])
			}
		}
	}
	if seen == 0 {
		t.Error("the documents hold no link")
	}
}

// anchorsOf are the anchors that a document's headings get.
func anchorsOf(text string) map[string]bool {
	anchors := map[string]bool{}
	for _, m := range mdHeading.FindAllStringSubmatch(withoutFences(text), -1) {
		anchors[strings.ReplaceAll(mdUnlinked.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return anchors
}

// withoutFences leaves out code, in which # and ]( mean something else.
func withoutFences(text string) string {
	var prose strings.Builder
	for i, part := range strings.Split("\n"+text, "\n```") {
		if i%2 == 0 {
			prose.WriteString(part + "\n")
		}
	}
	return prose.String()
}

func TestAnchorsOfADocument(t *testing.T) {
	anchors := anchorsOf("# A b\n\n```sh\n# no heading\n```\n\n### Shield is context.WithoutCancel\n")
	if len(anchors) != 2 || !anchors["a-b"] || !anchors["shield-is-contextwithoutcancel"] {
		t.Errorf("the anchors are %v", anchors)
	}
}
