package signaling

import (
	"sync"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/class"
	"preau/signaling/livekit"
)

// Bounds of the data blobs kept for a class, while their owners are in it.
const (
	rtcBlobsEach  = 16
	rtcBlobsBytes = 4 << 20
)

// rtcBlobs are the data blobs of one class: schemas of data tracks, mostly. A new one is refused
// when they are full.
type rtcBlobs struct {
	mu    sync.Mutex
	of    map[string]map[string]*lk.DataBlob // by owner's identity, by key
	bytes int
}

// store keeps a blob, in place of its owner's older one under that key. false: there is no room.
func (b *rtcBlobs) store(identity, key string, blob *lk.DataBlob) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := b.of[identity]
	old, again := own[key]
	size := b.bytes - len(old.GetContents()) + len(blob.GetContents())
	if size > rtcBlobsBytes || !again && len(own) >= rtcBlobsEach {
		return false
	}
	if b.of == nil {
		b.of = map[string]map[string]*lk.DataBlob{}
	}
	if own == nil {
		own = map[string]*lk.DataBlob{}
		b.of[identity] = own
	}
	own[key], b.bytes = blob, size
	return true
}

func (b *rtcBlobs) get(identity, key string) *lk.DataBlob {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.of[identity][key]
}

// forget drops what a participant has stored.
func (b *rtcBlobs) forget(identity string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, blob := range b.of[identity] {
		b.bytes -= len(blob.GetContents())
	}
	delete(b.of, identity)
}

// storeBlob keeps a data blob for the others to ask for.
func (s *rtcSession) storeBlob(r *lk.StoreDataBlobRequest) {
	key, ok := livekit.BlobKey(r.GetBlob().GetKey())
	refuse := func(reason lk.RequestResponse_Reason, why string) {
		s.respond(&lk.RequestResponse{RequestId: r.GetRequestId(), Reason: reason, Message: why})
	}
	blob := &lk.DataBlob{Key: r.GetBlob().GetKey(), Contents: r.GetBlob().GetContents()}
	switch {
	case !ok:
		refuse(lk.RequestResponse_INVALID_REQUEST, "unusable key")
	case len(blob.GetContents()) > livekit.MaxBlob:
		refuse(lk.RequestResponse_LIMIT_EXCEEDED, "the blob is too large")
	case !class.MaySendData(s.view, s.participant):
		refuse(lk.RequestResponse_NOT_ALLOWED, "not allowed to publish data")
	case !s.hub.blobs.store(s.identity, key, blob):
		refuse(lk.RequestResponse_LIMIT_EXCEEDED, "no room for more blobs")
	default:
		s.send(&lk.SignalResponse{Message: &lk.SignalResponse_StoreDataBlobResponse{
			StoreDataBlobResponse: &lk.StoreDataBlobResponse{RequestId: r.GetRequestId(), Key: blob.GetKey()},
		}})
	}
}

func (s *rtcSession) getBlob(r *lk.GetDataBlobRequest) {
	var blob *lk.DataBlob
	if key, ok := livekit.BlobKey(r.GetKey()); ok && class.Present(s.view, s.participant) {
		blob = s.hub.blobs.get(r.GetParticipantIdentity(), key)
	}
	if blob == nil {
		s.respond(&lk.RequestResponse{RequestId: r.GetRequestId(), Reason: lk.RequestResponse_NOT_FOUND, Message: "no such blob"})
		return
	}
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_GetDataBlobResponse{
		GetDataBlobResponse: &lk.GetDataBlobResponse{RequestId: r.GetRequestId(), Blob: blob},
	}})
}
