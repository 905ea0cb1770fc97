package procpool_test

import (
	"context"
	"fmt"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

var model string // set in each worker

var openModel = procpool.RegisterInit("procpool.example.open", func(context.Context) error {
	model = "a large model"
	return nil
})

var ask = asyncio.Register("procpool.example.ask", func(_ context.Context, question string) (string, error) {
	return question + " is answered by " + model, nil
})

func ExampleRegisterInit() {
	pool, err := procpool.New(procpool.Options{Workers: 1, Init: openModel})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = asyncio.Run(context.Background(), func(ctx context.Context) error {
		answer, err := ask.Call(ctx, pool, "a question")
		fmt.Println(answer, err)
		return pool.Close(ctx)
	})
	fmt.Println(err)
	// Output:
	// a question is answered by a large model <nil>
	// <nil>
}
