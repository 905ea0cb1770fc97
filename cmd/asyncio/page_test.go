package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// render returns the page of a summary.
func render(t *testing.T, sum summary) string {
	t.Helper()
	var out bytes.Buffer
	if err := writePage(&out, sum, time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// elements reads the page as XML, which its markup is as well: every element is
// closed, in order, every attribute is quoted and every text escaped. It returns
// how often each element occurs, and the text of those that people read.
func elements(t *testing.T, page string) (count map[string]int, text string) {
	t.Helper()
	count = map[string]int{}
	var read strings.Builder
	ids := map[string]bool{}
	style := false
	for d := xml.NewDecoder(strings.NewReader(page)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return count, read.String()
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v\n%s", err, page)
		}
		switch token := token.(type) {
		case xml.StartElement:
			count[token.Name.Local]++
			style = token.Name.Local == "style"
			for _, a := range token.Attr {
				switch a.Name.Local {
				case "id":
					if ids[a.Value] {
						t.Errorf("the id %q occurs twice", a.Value)
					}
					ids[a.Value] = true
				case "src", "href", "onclick", "onload", "style":
					t.Errorf("<%s %s=%q>: the page loads and runs nothing", token.Name.Local, a.Name.Local, a.Value)
				}
			}
		case xml.CharData:
			if !style {
				read.Write(token)
			}
		case xml.EndElement:
			style = false
		}
	}
}

func TestPage(t *testing.T) {
	e, r := sampleResult()
	r.reports = []string{"a step blocked the loop"}
	page := render(t, summary{e, []result{r, r}, "2%", 2})
	count, text := elements(t, page)
	for element, want := range map[string]int{"html": 1, "h1": 1, "table": 1, "tbody": 1, "g": 2, "rect": 4, "desc": 1, "script": 0, "link": 0, "img": 0} {
		if count[element] != want {
			t.Errorf("%d elements <%s>, want %d", count[element], element, want)
		}
	}
	for _, want := range []string{
		"4 March 2026, 05:06 UTC", versionLine(), "none: 4 of 6 ticks, worst gap 1.50 s.", "a step blocked the loop",
		"blocks the loop: not one tick for 1.50 s, 2 ticks lost", "varied by 2%", "1,000",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
	for _, want := range []string{"<!DOCTYPE html>\n", `class="bad"`, "prefers-color-scheme: dark", "default-src 'none'"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if url := regexp.MustCompile(`https?:[^" ]*|url\(|@import`).FindString(strings.ReplaceAll(page, `xmlns="http://www.w3.org/2000/svg"`, "")); url != "" {
		t.Errorf("the page refers to %s", url)
	}
}

// TestPage_Crowded: with more computations than processors there is a second table.
func TestPage_Crowded(t *testing.T) {
	e, r := sampleResult()
	e.jobs = 3
	r.remedy.beside = "it takes turns"
	_, text := elements(t, render(t, summary{e, []result{r}, "2%", 2}))
	if !strings.Contains(text, "3 computations at once on 2 processors") || !strings.Contains(text, "it takes turns") {
		t.Errorf("the page has no second table:\n%s", text)
	}
}

// TestPageEscapes: markup in a name or a log line is escaped.
func TestPageEscapes(t *testing.T) {
	const evil = `</title></text><script>alert("1")</script><!-- & ' {{.}}`
	e, r := sampleResult()
	r.remedy = remedy{name: evil, how: evil, verdict: evil, beside: evil}
	r.reports = []string{evil}
	r.trace.ticks = ms(0, 500, 1000, 1500, 2000, 2500)
	r.score = r.trace.score(e.interval)
	e.jobs = 3
	count, text := elements(t, render(t, summary{e, []result{r}, evil, 2}))
	if count["script"] != 0 {
		t.Error("a script got into the page")
	}
	// The picture twice, each table its name and a remark, the log, the facts twice, the notes.
	if got := strings.Count(text, evil); got != 10 {
		t.Errorf("the text occurs %d times on the page, want 10", got)
	}
}

// TestReportOfTheCommand: the command writes the page and prints its path.
func TestReportOfTheCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.html")
	inBubble(t, func(t *testing.T) {
		var out, errs bytes.Buffer
		status := pretendedApp(&out, &errs).run(t.Context(), []string{"demo", "blocking", "-jobs", "3", "-report", file})
		if status != statusOK || errs.Len() > 0 {
			t.Errorf("status %d, stderr %q", status, errs.String())
		}
		if !strings.HasSuffix(strings.Join(strings.Fields(out.String()), " "), "to scale: "+file) {
			t.Errorf("the output does not end with the file:\n%s", out.String())
		}
	})
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if count, _ := elements(t, string(page)); count["g"] != len(pretended) || count["table"] != 2 {
		t.Errorf("%d lanes and %d tables", count["g"], count["table"])
	}
}
