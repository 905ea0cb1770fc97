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

// A registered function belongs to a variable of the package.
var Shout = asyncio.Register("example.shout", shout)

var errEmpty = asyncio.RegisterError("example.empty", errors.New("nothing to shout"))

func shout(ctx context.Context, text string) (string, error) {
	if text == "" {
		return "", errEmpty
	}
	return strings.ToUpper(text) + "!", nil
}

// Image is an argument of several fields.
type Image struct {
	Width, Height int
}

// Area counts the pixels of an image.
var Area = asyncio.Register("example.area", func(ctx context.Context, i Image) (int, error) {
	return i.Width * i.Height, nil
})

// What computes for long moves off the loop with one call; the pool says where to.
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

// What cannot travel to another process is refused when it is registered.
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

// A call is an await. Errors keep their identity.
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

// A submitted call is a task: it runs while the caller goes on.
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

// Results come in the order of the input, and an error belongs to its element.
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

// Options of a Map come last.
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

// Elements of known cost can travel in chunks of a fixed size.
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

// A small window holds back an endless input.
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

// The names of the functions that this process can execute.
func ExampleRegistered() {
	fmt.Println(slices.Contains(asyncio.Registered(), "example.shout"))
	// Output:
	// true
}

// The worker's side: from bytes to bytes. Strings travel as they are.
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

// A worker with a loop of its own saves the goroutine that Execute takes.
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

// An error of the program is known by its name in every process.
func ExampleRegisterError() {
	there := fmt.Errorf("line 3: %w", errEmpty)
	here := asyncio.DecodeError(asyncio.EncodeError(there))
	fmt.Println(here)
	fmt.Println(errors.Is(here, errEmpty))
	// Output:
	// line 3: nothing to shout
	// true
}

// Bytes of an error, for the way to another process.
func ExampleEncodeError() {
	fmt.Println(len(asyncio.EncodeError(errEmpty)) > 0, asyncio.EncodeError(nil) == nil)
	// Output:
	// true true
}

// A panic stays a panic, with the stack of where it happened.
func ExampleDecodeError() {
	sent := asyncio.EncodeError(&asyncio.PanicError{Value: "unlucky", Stack: []byte("goroutine 1")})
	err := asyncio.DecodeError(sent)
	var p *asyncio.PanicError
	fmt.Println(errors.As(err, &p), p.Value, string(p.Stack))
	// Output:
	// true unlucky goroutine 1
}

// What arrives of an error: its type and its text.
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

// A panic that the function's error wrapped there, as ErrEncoding does.
func ExampleRemoteError_Unwrap() {
	err := asyncio.DecodeError(asyncio.EncodeError(fmt.Errorf("a page: %w", &asyncio.PanicError{Value: "no paper"})))
	var p *asyncio.PanicError
	fmt.Println(errors.As(err, &p), p.Value)
	// Output:
	// true no paper
}

// Is answers for errors.Is.
func ExampleRemoteError_Is() {
	err := asyncio.DecodeError(asyncio.EncodeError(context.Canceled))
	fmt.Println(errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded))
	// Output:
	// true false
}
