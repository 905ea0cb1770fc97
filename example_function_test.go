package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"strings"

	"github.com/asyncio-go/asyncio"
)

// Assign a registered function to a package-level variable.
var Shout = asyncio.Register("example.shout", shout)

var errEmpty = asyncio.RegisterError("example.empty", errors.New("nothing to shout"))

func shout(ctx context.Context, text string) (string, error) {
	if text == "" {
		return "", errEmpty
	}
	return strings.ToUpper(text) + "!", nil
}

// An Image is an argument with several fields.
type Image struct {
	Width, Height int
}

// Area returns the number of pixels of an image.
var Area = asyncio.Register("example.area", func(ctx context.Context, i Image) (int, error) {
	return i.Width * i.Height, nil
})

// A call moves a long computation off the loop. The executor runs it.
func ExampleFunc() {
	pool := asyncio.NewThreadPool(2)
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		pixels, err := Area.Call(ctx, pool, Image{1920, 1080})
		if err != nil {
			return err
		}
		fmt.Println(pixels)
		return pool.Close(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2073600
}

// Register panics for a type that cannot be sent to another process.
func ExampleRegister() {
	type cat struct {
		Name string
		mood string
	}
	defer func() {
		text := fmt.Sprint(recover())
		fmt.Println(strings.Contains(text, "cat.mood (string) is not exported"))
	}()
	asyncio.Register("example.feed", func(ctx context.Context, c cat) (string, error) { return c.mood, nil })
	// Output:
	// true
}

func ExampleFunc_Name() {
	fmt.Println(Shout.Name())
	// Output:
	// example.shout
}

// A call is an await. errors.Is finds the original error.
func ExampleFunc_Call() {
	pool := asyncio.NewThreadPool(2)
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		text, err := Shout.Call(ctx, pool, "hello")
		fmt.Println(text, err)
		_, err = Shout.Call(ctx, pool, "")
		fmt.Println(errors.Is(err, errEmpty))
		_, err = Shout.Call(ctx, nil, "hello")
		fmt.Println(errors.Is(err, asyncio.ErrNoExecutor))
		return pool.Close(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// HELLO! <nil>
	// true
	// true
}

// Submit creates a task: it runs while the caller continues.
func ExampleFunc_Submit() {
	pool := asyncio.NewThreadPool(2)
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		hello, world := Shout.Submit(ctx, pool, "hello"), Shout.Submit(ctx, pool, "world")
		texts, err := asyncio.Gather(ctx, hello, world)
		if err != nil {
			return err
		}
		fmt.Println(texts)
		return pool.Close(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// [HELLO! WORLD!]
}

// The results are in the order of the input. An error belongs to its element.
func ExampleFunc_Map() {
	pool := asyncio.NewThreadPool(2)
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		words := []string{"a", "b", "", "c"}
		for text, err := range Shout.Map(ctx, pool, slices.Values(words)) {
			fmt.Println(text, err)
		}
		return pool.Close(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// A! <nil>
	// B! <nil>
	//  nothing to shout
	// C! <nil>
}

// Options are the last arguments of Map.
func ExampleMapOption() {
	pool := asyncio.NewThreadPool(2)
	careful := []asyncio.MapOption{asyncio.ChunkSize(1), asyncio.Window(1)}
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		for text, err := range Shout.Map(ctx, pool, slices.Values([]string{"one", "two"}), careful...) {
			fmt.Println(text, err)
		}
		return pool.Close(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// ONE! <nil>
	// TWO! <nil>
}

// For elements of known cost the chunk size can be fixed.
func ExampleChunkSize() {
	pool := asyncio.NewThreadPool(2)
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		images, sum := slices.Repeat([]Image{{2, 3}}, 1000), 0
		for pixels, err := range Area.Map(ctx, pool, slices.Values(images), asyncio.ChunkSize(100)) {
			if err != nil {
				return err
			}
			sum += pixels
		}
		fmt.Println(sum)
		return pool.Close(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 6000
}

// A small window limits how far Map reads an infinite input.
func ExampleWindow() {
	pool := asyncio.NewThreadPool(2)
	read := 0
	squares := func(yield func(Image) bool) {
		for n := 1; yield(Image{n, n}); n++ {
			read++
		}
	}
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		for pixels, err := range Area.Map(ctx, pool, squares, asyncio.ChunkSize(1), asyncio.Window(2)) {
			if err != nil {
				return err
			}
			if pixels == 100*100 {
				break
			}
		}
		fmt.Println("at most 104 of all squares were read:", read <= 104)
		return pool.Close(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// at most 104 of all squares were read: true
}

// The names of the functions of this process.
func ExampleRegistered() {
	fmt.Println(slices.Contains(asyncio.Registered(), "example.shout"))
	// Output:
	// true
}

// The worker of an executor calls Execute with an encoded argument. Strings are not encoded.
func ExampleExecute() {
	result, err := asyncio.Execute(context.Background(), "example.shout", []byte("hello"))
	fmt.Println(string(result), err)
	_, err = asyncio.Execute(context.Background(), "example.whisper", []byte("hello"))
	fmt.Println(errors.Is(err, asyncio.ErrNotRegistered))
	_, err = asyncio.Execute(context.Background(), "example.area", []byte("no image"))
	fmt.Println(errors.Is(err, asyncio.ErrEncoding))
	// Output:
	// HELLO! <nil>
	// true
	// true
}

// ExecuteThen runs the function in the calling goroutine.
func ExampleExecuteThen() {
	for _, text := range []string{"one", "two"} {
		asyncio.ExecuteThen(context.Background(), "example.shout", []byte(text), func(result []byte, err error) {
			fmt.Println(string(result), err)
		})
	}
	// Output:
	// ONE! <nil>
	// TWO! <nil>
}

// A registered error is found in every process.
func ExampleRegisterError() {
	there := fmt.Errorf("line 3: %w", errEmpty)
	here := asyncio.DecodeError(asyncio.EncodeError(there))
	fmt.Println(here)
	fmt.Println(errors.Is(here, errEmpty))
	// Output:
	// line 3: nothing to shout
	// true
}

// An executor sends the encoded error to another process.
func ExampleEncodeError() {
	fmt.Println(len(asyncio.EncodeError(errEmpty)) > 0, asyncio.EncodeError(nil) == nil)
	// Output:
	// true true
}

// A decoded panic has the value and the stack of the original one.
func ExampleDecodeError() {
	sent := asyncio.EncodeError(&asyncio.PanicError{Value: "unlucky", Stack: []byte("goroutine 1")})
	err := asyncio.DecodeError(sent)
	var p *asyncio.PanicError
	fmt.Println(errors.As(err, &p), p.Value, string(p.Stack))
	// Output:
	// true unlucky goroutine 1
}

// A RemoteError has the type and the text of the original error.
func ExampleRemoteError() {
	err := asyncio.DecodeError(asyncio.EncodeError(context.DeadlineExceeded))
	var remote *asyncio.RemoteError
	fmt.Println(errors.As(err, &remote), remote.Type)
	// Output:
	// true context.deadlineExceededError
}

func ExampleRemoteError_Error() {
	err := asyncio.DecodeError(asyncio.EncodeError(errEmpty))
	fmt.Println(err.Error())
	// Output:
	// nothing to shout
}

// The error of the function wrapped a panic, as ErrEncoding does.
func ExampleRemoteError_Unwrap() {
	err := asyncio.DecodeError(asyncio.EncodeError(fmt.Errorf("a page: %w", &asyncio.PanicError{Value: "no paper"})))
	var p *asyncio.PanicError
	fmt.Println(errors.As(err, &p), p.Value)
	// Output:
	// true no paper
}

// errors.Is calls Is.
func ExampleRemoteError_Is() {
	err := asyncio.DecodeError(asyncio.EncodeError(context.Canceled))
	fmt.Println(errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded))
	// Output:
	// true false
}
