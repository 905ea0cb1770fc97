package stalls

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/go-resty/resty/v2"
	"github.com/gosnmp/gosnmp"
	"github.com/hashicorp/go-retryablehttp"
	"github.com/jlaffaye/ftp"
	"github.com/miekg/dns"
	"github.com/nats-io/nats.go"
	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/segmentio/kafka-go"
	"github.com/wneessen/go-mail"
	"golang.org/x/crypto/ssh"
	"golang.org/x/net/websocket"
)

var clients = []program{
	{name: "memcache", class: "io", call: "memcache.(*Client).Get", advice: "asyncio.ToThread", run: memcacheGets},
	{name: "mqtt", class: "channel", call: "mqtt.golang", advice: "asyncio.ToThread", run: mqttConnects},
	{name: "nats", class: "io,channel", call: "nats.go.Connect", advice: "asyncio.ToThread", run: natsConnects},
	{name: "kafka", class: "io", call: "kafka-go.(*Conn).ReadPartitions", advice: "asyncio.ToThread", run: kafkaReads},
	{name: "amqp", class: "io,channel", call: "amqp091-go.Dial", advice: "asyncio.ToThread", run: amqpDials},
	{name: "ftp", class: "io", call: "ftp.Dial", advice: "asyncio.ToThread", run: ftpDials},
	{name: "snmp", class: "io", call: "gosnmp.(*GoSNMP).Get", advice: "asyncio.ToThread", run: snmpGets},
	{name: "dns", class: "io", call: "dns.(*Client).Exchange", advice: "asyncio.ToThread", run: dnsExchanges},
	{name: "resolver", class: "io,channel", call: "net.(*Resolver).LookupHost", advice: "asyncio.ToThread", run: resolverLooksUp},
	{name: "ssh", class: "io,channel", call: "ssh.Dial", advice: "asyncio.ToThread", run: sshDials},
	{name: "mail", class: "io", call: "go-mail.(*Client).Dial", advice: "asyncio.ToThread", run: mailDials},
	{name: "websocket", class: "io", call: "websocket.Dial", advice: "asyncio.ToThread", run: websocketDials},
	{name: "resty", class: "io", call: "resty/v2.(*Request).Get", advice: "asyncio.ToThread", run: restyGets},
	{name: "retryablehttp", class: "channel", call: "go-retryablehttp.", advice: "asyncio.ToThread", run: retryablehttpRetries},
}

func memcacheGets(ctx context.Context) error {
	client := memcache.New(silent(""))
	client.Timeout = time.Minute
	must(settle(ctx))
	once(func() { client.Get("order") }) // guilty: memcache
	return nil
}

func mqttConnects(ctx context.Context) error {
	client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("tcp://" + silent("")).SetConnectTimeout(time.Minute))
	must(settle(ctx))
	once(func() { client.Connect().Wait() }) // guilty: mqtt
	return nil
}

func natsConnects(ctx context.Context) error {
	url := "nats://" + silent("")
	must(settle(ctx))
	once(func() { nats.Connect(url, nats.Timeout(time.Minute), nats.NoReconnect()) }) // guilty: nats
	return nil
}

func kafkaReads(ctx context.Context) error {
	conn := got(kafka.Dial("tcp", silent("")))
	must(settle(ctx))
	once(func() { conn.ReadPartitions("orders") }) // guilty: kafka
	return nil
}

func amqpDials(ctx context.Context) error {
	url := "amqp://" + silent("")
	must(settle(ctx))
	once(func() { amqp.Dial(url) }) // guilty: amqp
	return nil
}

func ftpDials(ctx context.Context) error {
	address := silent("")
	must(settle(ctx))
	once(func() { ftp.Dial(address) }) // guilty: ftp
	return nil
}

func snmpGets(ctx context.Context) error {
	device := got(net.ListenPacket("udp", "127.0.0.1:0")) // that answers nothing
	client := &gosnmp.GoSNMP{Target: "127.0.0.1", Port: uint16(device.LocalAddr().(*net.UDPAddr).Port), Version: gosnmp.Version2c,
		Community: "public", Timeout: lasts}
	must(client.Connect())
	must(settle(ctx))
	once(func() { client.Get([]string{"1.3.6.1.2.1.1.1.0"}) }) // guilty: snmp
	return nil
}

func dnsExchanges(ctx context.Context) error {
	server := got(net.ListenPacket("udp", "127.0.0.1:0")).LocalAddr().String() // that answers nothing
	client := &dns.Client{Timeout: lasts}
	question := new(dns.Msg).SetQuestion("shop.example.", dns.TypeA)
	must(settle(ctx))
	once(func() { client.Exchange(question, server) }) // guilty: dns
	return nil
}

func resolverLooksUp(ctx context.Context) error {
	server := got(net.ListenPacket("udp", "127.0.0.1:0")).LocalAddr().String() // that answers nothing
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server)
	}}
	must(settle(ctx))
	short, cancel := context.WithTimeout(context.Background(), lasts)
	defer cancel()
	once(func() { resolver.LookupHost(short, "shop.example.") }) // guilty: resolver
	return nil
}

func sshDials(ctx context.Context) error {
	address := silent("")
	must(settle(ctx))
	once(func() { ssh.Dial("tcp", address, &ssh.ClientConfig{HostKeyCallback: ssh.InsecureIgnoreHostKey()}) }) // guilty: ssh
	return nil
}

func mailDials(ctx context.Context) error {
	host, port := split(silent(""))
	client := got(mail.NewClient(host, mail.WithPort(got(net.LookupPort("tcp", port))), mail.WithTLSPolicy(mail.NoTLS)))
	must(settle(ctx))
	once(func() { client.DialWithContext(context.Background()) }) // guilty: mail
	return nil
}

func websocketDials(ctx context.Context) error {
	url := "ws://" + silent("")
	must(settle(ctx))
	once(func() { websocket.Dial(url, "", "http://localhost/") }) // guilty: websocket
	return nil
}

func restyGets(ctx context.Context) error {
	request := resty.New().R()
	url := "http://" + silent("")
	must(settle(ctx))
	once(func() { request.Get(url) }) // guilty: resty
	return nil
}

func retryablehttpRetries(ctx context.Context) error {
	closed := got(net.Listen("tcp", "127.0.0.1:0"))
	url := "http://" + closed.Addr().String()
	must(closed.Close())
	client := retryablehttp.NewClient()
	client.RetryMax, client.Logger = 1, nil
	client.Backoff = func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return lasts }
	must(settle(ctx))
	once(func() { client.Get(url) }) // guilty: retryablehttp
	return nil
}
