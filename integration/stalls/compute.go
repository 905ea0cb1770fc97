package stalls

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"image"
	"io"
	"maps"
	"math/big"
	rnd "math/rand/v2"
	"regexp"
	"sort"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/boombuler/barcode/qr"
	"github.com/cockroachdb/apd/v3"
	"github.com/disintegration/imaging"
	"github.com/dlclark/regexp2"
	"github.com/dominikbraun/graph"
	"github.com/go-pdf/fpdf"
	"github.com/sergi/go-diff/diffmatchpatch"
	"github.com/tidwall/btree"
	"github.com/xuri/excelize/v2"
	"github.com/yuin/goldmark"
	"github.com/zeebo/blake3"
	"golang.org/x/crypto/scrypt"
	"golang.org/x/image/draw"
)

var computations = []program{
	{name: "imaging", class: "lock,cpu,gc", call: "imaging.Resize", advice: "asyncio.ToThread", run: imagingResizes},
	{name: "x-image", class: "cpu", call: "golang.org/x/image/draw", advice: "asyncio.ToThread", run: imageScales},
	{name: "pdf", class: "cpu,gc", call: "fpdf.(*Fpdf).MultiCell", advice: "asyncio.ToThread", run: pdfWrites},
	{name: "excelize", class: "cpu,gc", call: "excelize/v2.(*File).Write", advice: "asyncio.ToThread", run: excelizeWrites},
	{name: "goldmark", class: "cpu,gc", call: "goldmark.Convert", advice: "asyncio.ToThread", run: goldmarkConverts},
	{name: "qrcode", class: "cpu,gc,channel", call: "barcode/qr.Encode", advice: "asyncio.ToThread", run: qrEncodes},
	{name: "regexp2", class: "cpu,gc", call: "regexp2.(*Regexp).MatchString", advice: "asyncio.ToThread", run: regexp2Matches},
	{name: "regexp", class: "cpu", call: "regexp.(*Regexp).FindAllString", advice: "asyncio.ToThread", run: regexpFinds},
	{name: "diff", class: "cpu,gc", call: "diffmatchpatch.(*DiffMatchPatch).DiffMain", advice: "asyncio.ToThread", run: diffCompares},
	{name: "blake3", class: "cpu", call: "blake3.Sum256", advice: "asyncio.ToThread", run: blake3Sums},
	{name: "btree", class: "cpu,gc", call: "*", advice: "asyncio.ToThread", run: btreeSets},
	{name: "apd", class: "cpu,gc", call: "apd/v3.(*Context).Exp", advice: "asyncio.ToThread", run: apdExponentiates},
	{name: "levenshtein", class: "cpu", call: "levenshtein.ComputeDistance", advice: "asyncio.ToThread", run: levenshteinComputes},
	{name: "graph", class: "cpu,gc", call: "graph.ShortestPath", advice: "asyncio.ToThread", run: graphSearches},
	{name: "scrypt", class: "cpu", call: "scrypt.Key", advice: "asyncio.ToThread", run: scryptDerives},
	{name: "rsa", class: "cpu", call: "rsa.GenerateKey", advice: "asyncio.ToThread", run: rsaGenerates},
	{name: "factorial", class: "cpu", call: "big.(*Int).MulRange", advice: "asyncio.ToThread", run: factorialMultiplies},
	{name: "sort", class: "cpu", call: "*", advice: "asyncio.", run: sortCompares},
	{name: "map-copy", class: "cpu,gc", call: "maps.Clone", advice: "asyncio.ToThread", run: mapClones},
	{name: "garbage", class: "cpu,gc", call: "-", advice: "a", run: garbageGrows},
}

func imagingResizes(ctx context.Context) error {
	img := image.NewNRGBA(image.Rect(0, 0, 2000, 2000))
	must(settle(ctx))
	again(func() { imaging.Resize(img, 1000, 0, imaging.Lanczos) }) // guilty: imaging
	return nil
}

func imageScales(ctx context.Context) error {
	img := image.NewRGBA(image.Rect(0, 0, 1000, 1000))
	small := image.NewRGBA(image.Rect(0, 0, 500, 500))
	must(settle(ctx))
	again(func() { draw.CatmullRom.Scale(small, small.Bounds(), img, img.Bounds(), draw.Src, nil) }) // guilty: x-image
	return nil
}

func pdfWrites(ctx context.Context) error {
	page := string(text(100_000))
	must(settle(ctx))
	again(func() {
		doc := fpdf.New("P", "mm", "A4", "")
		doc.AddPage()
		doc.SetFont("Helvetica", "", 10)
		doc.MultiCell(0, 4, page, "", "", false) // guilty: pdf
	})
	return nil
}

func excelizeWrites(ctx context.Context) error {
	book := excelize.NewFile()
	for i := range 5000 {
		must(book.SetSheetRow("Sheet1", got(excelize.CoordinatesToCellName(1, i+1)), &[]any{i, "item", 3.5, "sent"}))
	}
	must(settle(ctx))
	again(func() { must(book.Write(io.Discard)) }) // guilty: excelize
	return nil
}

func goldmarkConverts(ctx context.Context) error {
	page := []byte(strings.Repeat("# Order\n\nAn *item* with [a link](https://example.com) and `code`.\n\n* one\n* two\n\n", 300))
	must(settle(ctx))
	again(func() { must(goldmark.Convert(page, io.Discard)) }) // guilty: goldmark
	return nil
}

func qrEncodes(ctx context.Context) error {
	content := strings.Repeat("order ", 150)
	must(settle(ctx))
	again(func() { got(qr.Encode(content, qr.M, qr.Auto)) }) // guilty: qrcode
	return nil
}

func regexp2Matches(ctx context.Context) error {
	re := regexp2.MustCompile(`^(a+)+$`, regexp2.None)
	name := strings.Repeat("a", 18) + "!"
	must(settle(ctx))
	again(func() { got(re.MatchString(name)) }) // guilty: regexp2
	return nil
}

func regexpFinds(ctx context.Context) error {
	re := regexp.MustCompile(`([a-f]+\d*)+x`)
	page := string(text(100_000))
	must(settle(ctx))
	again(func() { re.FindAllString(page, -1) }) // guilty: regexp
	return nil
}

func diffCompares(ctx context.Context) error {
	differ := diffmatchpatch.New()
	before, after := string(text(3000)), string(text(3000))
	must(settle(ctx))
	again(func() { differ.DiffMain(before, after, false) }) // guilty: diff
	return nil
}

func blake3Sums(ctx context.Context) error {
	data := text(32 << 20)
	must(settle(ctx))
	again(func() { blake3.Sum256(data) }) // guilty: blake3
	return nil
}

func btreeSets(ctx context.Context) error {
	index := btree.NewBTreeG(func(a, b string) bool { return a < b }) // guilty: btree
	names := make([]string, 10_000)
	for i := range names {
		names[i] = string(text(20 + rnd.IntN(20)))
	}
	must(settle(ctx))
	again(func() {
		for _, name := range names {
			index.Set(name) // guilty: btree
		}
	})
	return nil
}

func apdExponentiates(ctx context.Context) error {
	precise := apd.BaseContext.WithPrecision(300)
	must(settle(ctx))
	again(func() { got(precise.Exp(new(apd.Decimal), apd.New(123456, -3))) }) // guilty: apd
	return nil
}

func levenshteinComputes(ctx context.Context) error {
	a, b := string(text(3000)), string(text(3000))
	must(settle(ctx))
	again(func() { levenshtein.ComputeDistance(a, b) }) // guilty: levenshtein
	return nil
}

func graphSearches(ctx context.Context) error {
	roads := graph.New(graph.IntHash, graph.Weighted())
	const places = 1500
	for i := range places {
		must(roads.AddVertex(i))
	}
	for i := range places * 4 {
		roads.AddEdge(i%places, rnd.IntN(places), graph.EdgeWeight(rnd.IntN(100)+1)) // some exist already
	}
	must(settle(ctx))
	again(func() { graph.ShortestPath(roads, 0, places-1) }) // guilty: graph
	return nil
}

func scryptDerives(ctx context.Context) error {
	must(settle(ctx))
	again(func() { got(scrypt.Key([]byte("secret"), []byte("salt"), 1<<14, 8, 1, 32)) }) // guilty: scrypt
	return nil
}

func rsaGenerates(ctx context.Context) error {
	must(settle(ctx))
	again(func() { got(rsa.GenerateKey(rand.Reader, 2048)) }) // guilty: rsa
	return nil
}

func factorialMultiplies(ctx context.Context) error {
	must(settle(ctx))
	again(func() { new(big.Int).MulRange(1, 20_000) }) // guilty: factorial
	return nil
}

func sortCompares(ctx context.Context) error {
	list := items(200_000)
	must(settle(ctx))
	again(func() {
		rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })                   // guilty: sort
		sort.Slice(list, func(i, j int) bool { return strings.Compare(list[i].Name, list[j].Name) < 0 }) // guilty: sort
	})
	return nil
}

func mapClones(ctx context.Context) error {
	stock := map[int]item{}
	for i, it := range items(200_000) {
		stock[i] = it
	}
	must(settle(ctx))
	again(func() { stock = maps.Clone(stock) }) // guilty: map-copy
	return nil
}

func garbageGrows(ctx context.Context) error {
	must(settle(ctx))
	var list [][]*item
	again(func() {
		part := make([]*item, 10_000)
		for i := range part {
			part[i] = &item{Name: "item", Tags: make([]string, 3)} // guilty: garbage
		}
		list = append(list, part)
	})
	return nil
}
