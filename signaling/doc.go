// Package signaling is Préau's HTTP surface: LiveKit signalling on /rtc, the
// class log on /class, LiveKit's server API on /twirp, the page's own small API
// on /api, and the operator's endpoints. It turns what arrives into commands of
// a room and what a room says into messages, and nothing else: who may do what
// is decided in signaling/class, media is behind the interfaces of media.go.
//
// It must not know WebRTC or storage.
//
// Goroutines: each websocket has a reader (the request's own) and a writer that
// the reader waits for; Server.Run keeps house and waits for all sockets.
package signaling
