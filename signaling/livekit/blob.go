package livekit

import (
	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// MaxBlob bounds a data blob's contents, in bytes.
const MaxBlob = 50 << 10

// BlobKey is a blob's key in a form to find it by. false: it names nothing.
func BlobKey(k *lk.DataBlobKey) (key string, ok bool) {
	switch v := k.GetKey().(type) {
	case *lk.DataBlobKey_Generic:
		ok = v.Generic != "" && len(v.Generic) <= maxDataTrackName
	case *lk.DataBlobKey_SchemaId:
		ok = validSchema(v.SchemaId)
	}
	if !ok || proto.Size(k) > maxDataTrackRequest {
		return "", false
	}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(k)
	return string(b), err == nil
}
