package stalls

import (
	"context"
	"net"
	"net/http"
	"net/rpc"

	"connectrpc.com/connect"
	"github.com/apache/thrift/lib/go/thrift"
	"github.com/hashicorp/yamux"
	"github.com/sourcegraph/jsonrpc2"
	"google.golang.org/protobuf/types/known/emptypb"
	"storj.io/drpc"
	"storj.io/drpc/drpcconn"
)

var rpcs = []program{
	{name: "connect", class: "io", call: "connect.(*Client", advice: "asyncio.ToThread", run: connectCalls},
	{name: "drpc", class: "channel,lock", call: "drpcconn.(*Conn).Invoke", advice: "asyncio.ToThread", run: drpcInvokes},
	{name: "net-rpc", class: "io,channel", call: "net/rpc.(*Client).Call", advice: "asyncio.ToThread", run: netRPCCalls},
	{name: "thrift", class: "io", call: "thrift.(*TStandardClient).Call", advice: "asyncio.ToThread", run: thriftCalls},
	{name: "jsonrpc2", class: "channel", call: "jsonrpc2.(*Conn).Call", advice: "asyncio.ToThread", run: jsonrpc2Calls},
	{name: "yamux", class: "channel", call: "yamux.(*Stream).Read", advice: "asyncio.ToThread", run: yamuxReads},
}

func connectCalls(ctx context.Context) error {
	url := "http://" + silent("") + "/shop.Orders/List"
	client := connect.NewClient[emptypb.Empty, emptypb.Empty](http.DefaultClient, url)
	must(settle(ctx))
	once(func() { client.CallUnary(ctx, connect.NewRequest(&emptypb.Empty{})) }) // guilty: connect
	return nil
}

// A word is a message of drpc.
type word struct{ text string }

func (word) Marshal(msg drpc.Message) ([]byte, error) { return []byte(msg.(*word).text), nil }
func (word) Unmarshal(data []byte, msg drpc.Message) error {
	msg.(*word).text = string(data)
	return nil
}

func drpcInvokes(ctx context.Context) error {
	conn := drpcconn.New(got(net.Dial("tcp", silent(""))))
	must(settle(ctx))
	var answer word
	once(func() { conn.Invoke(ctx, "/Orders/List", word{}, &word{"all"}, &answer) }) // guilty: drpc
	return nil
}

func netRPCCalls(ctx context.Context) error {
	client := got(rpc.Dial("tcp", silent("")))
	must(settle(ctx))
	var answer int
	once(func() { client.Call("Orders.Count", "all", &answer) }) // guilty: net-rpc
	return nil
}

func thriftCalls(ctx context.Context) error {
	socket := thrift.NewTSocketConf(silent(""), nil)
	must(socket.Open())
	wire := thrift.NewTBinaryProtocolConf(thrift.NewTFramedTransportConf(socket, nil), nil)
	client := thrift.NewTStandardClient(wire, wire)
	must(settle(ctx))
	empty := thrift.NewTApplicationException(0, "")
	once(func() { client.Call(context.Background(), "list", empty, empty) }) // guilty: thrift
	return nil
}

func jsonrpc2Calls(ctx context.Context) error {
	stream := jsonrpc2.NewPlainObjectStream(got(net.Dial("tcp", silent(""))))
	conn := jsonrpc2.NewConn(context.Background(), stream, jsonrpc2.HandlerWithError(nil))
	must(settle(ctx))
	var answer any
	once(func() { conn.Call(ctx, "list", nil, &answer) }) // guilty: jsonrpc2
	return nil
}

func yamuxReads(ctx context.Context) error {
	session := got(yamux.Client(got(net.Dial("tcp", silent(""))), nil))
	stream := got(session.OpenStream())
	must(settle(ctx))
	once(func() { stream.Read(make([]byte, 100)) }) // guilty: yamux
	return nil
}
