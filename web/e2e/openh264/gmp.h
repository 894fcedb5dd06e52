// The part of Gecko's media plugin interface (GMP) that a codec of H.264 needs. It is a binary
// interface: the order of the virtual functions and of the fields is what counts, the names are
// ours. Functions that are not called stand for their place in the table.
#pragma once
#include <cstdint>

namespace gmp {

enum Error : int { kNoError = 0, kGenericError = 1, kNotImplemented = 4, kDecodeError = 7, kEncodeError = 8 };

struct Simulcast {
  uint32_t width, height, temporalLayers, maxBitrate, targetBitrate, minBitrate, maxQp;
};

// What the browser wants coded. Bitrates are in kbit/s.
struct Codec {
  uint32_t apiVersion;
  int type;
  char payloadName[32];
  uint32_t payloadType;
  uint32_t width, height;
  uint32_t startBitrate, maxBitrate, minBitrate, maxFramerate;
  bool dropFrames;
  int32_t keyFrameInterval;
  uint32_t maxQp;
  uint32_t simulcastStreams;
  Simulcast simulcast[4];
  int mode;  // 1: a screen is shown
};

enum Format : int { kEncoded = 0, kI420 = 1 };
enum FrameType : int { kKey = 0, kDelta = 1 };
enum Plane : int { kY = 0, kU = 1, kV = 2 };
// How the NAL units of a frame are set apart: each after its length, 32 bits in the machine's order.
enum Buffer : int { kLength32 = 4 };

class Frame {
 public:
  virtual Format GetFormat() = 0;
  virtual void Destroy() = 0;
};

class EncodedFrame : public Frame {
 public:
  virtual Error Create(uint32_t size) = 0;
  virtual Error Copy(const EncodedFrame&) = 0;
  virtual void SetWidth(uint32_t) = 0;
  virtual uint32_t Width() = 0;
  virtual void SetHeight(uint32_t) = 0;
  virtual uint32_t Height() = 0;
  virtual void SetTimestamp(uint64_t microseconds) = 0;
  virtual uint64_t Timestamp() = 0;
  virtual void SetDuration(uint64_t microseconds) = 0;
  virtual uint64_t Duration() const = 0;
  virtual void SetType(FrameType) = 0;
  virtual FrameType Type() = 0;
  virtual void SetAllocated(uint32_t) = 0;
  virtual uint32_t Allocated() = 0;
  virtual void SetSize(uint32_t) = 0;
  virtual uint32_t Size() = 0;
  virtual void SetComplete(bool) = 0;
  virtual bool Complete() = 0;
  virtual const uint8_t* Data() const = 0;
  virtual uint8_t* Data() = 0;
  virtual Buffer BufferType() const = 0;
  virtual void SetBufferType(Buffer) = 0;
};

class Picture : public Frame {
 public:
  virtual Error CreateEmpty(int32_t w, int32_t h, int32_t strideY, int32_t strideU, int32_t strideV) = 0;
  virtual Error Create(int32_t sizeY, const uint8_t* y, int32_t sizeU, const uint8_t* u, int32_t sizeV,
                       const uint8_t* v, int32_t w, int32_t h, int32_t strideY, int32_t strideU,
                       int32_t strideV) = 0;
  virtual Error Copy(const Picture&) = 0;
  virtual void Swap(Picture*) = 0;
  virtual uint8_t* Data(Plane) = 0;
  virtual const uint8_t* Data(Plane) const = 0;
  virtual int32_t Allocated(Plane) const = 0;
  virtual int32_t Stride(Plane) const = 0;
  virtual Error SetWidth(int32_t) = 0;
  virtual Error SetHeight(int32_t) = 0;
  virtual int32_t Width() const = 0;
  virtual int32_t Height() const = 0;
  virtual void SetTimestamp(uint64_t microseconds) = 0;
  virtual uint64_t Timestamp() const = 0;
};

class Host {
 public:
  virtual Error CreateFrame(Format, Frame**) = 0;
};

class EncoderCallback {
 public:
  virtual ~EncoderCallback() = default;
  virtual void Encoded(EncodedFrame*, const uint8_t* specific, uint32_t specificLength) = 0;
  virtual void Failed(Error) = 0;
};

class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual void Init(const Codec&, const uint8_t* specific, uint32_t specificLength, EncoderCallback*,
                    int32_t cores, uint32_t maxPayload) = 0;
  virtual void Encode(Picture*, const uint8_t* specific, uint32_t specificLength, const FrameType* types,
                      uint32_t typesLength) = 0;
  virtual void SetChannel(uint32_t lost, uint32_t rtt) = 0;
  virtual void SetRates(uint32_t kbps, uint32_t framerate) = 0;
  virtual void SetPeriodicKeyFrames(bool) = 0;
  virtual void Complete() = 0;  // the last call: the encoder ends itself
};

class DecoderCallback {
 public:
  virtual ~DecoderCallback() = default;
  virtual void Decoded(Picture*) = 0;
  virtual void DecodedReference(uint64_t picture) = 0;
  virtual void DecodedFrame(uint64_t picture) = 0;
  virtual void InputExhausted() = 0;
  virtual void Drained() = 0;
  virtual void ResetDone() = 0;
  virtual void Failed(Error) = 0;
};

class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual void Init(const Codec&, const uint8_t* specific, uint32_t specificLength, DecoderCallback*,
                    int32_t cores) = 0;
  virtual void Decode(EncodedFrame*, bool missing, const uint8_t* specific, uint32_t specificLength,
                      int64_t renderAtMs) = 0;
  virtual void Reset() = 0;
  virtual void Drain() = 0;
  virtual void Complete() = 0;  // the last call: the decoder ends itself
};

}  // namespace gmp
