// A media plugin that gives Firefox H.264 by Debian's OpenH264, in the place of the plugin that
// Firefox would download: the tests fetch nothing. One frame in, one frame out, on the thread that
// calls: a test's pictures are small.
#include <wels/codec_api.h>

#include <algorithm>
#include <cstring>

#include "gmp.h"

namespace {

class Encoder final : public gmp::Encoder {
 public:
  explicit Encoder(gmp::Host* host) : host_(host) {}

  void Init(const gmp::Codec& codec, const uint8_t*, uint32_t, gmp::EncoderCallback* callback, int32_t,
            uint32_t maxPayload) override {
    callback_ = callback;
    if (WelsCreateSVCEncoder(&encoder_) != 0) return callback_->Failed(gmp::kGenericError);
    SEncParamExt wanted;
    encoder_->GetDefaultParams(&wanted);
    wanted.iUsageType = codec.mode == 1 ? SCREEN_CONTENT_REAL_TIME : CAMERA_VIDEO_REAL_TIME;
    wanted.iPicWidth = static_cast<int>(codec.width);
    wanted.iPicHeight = static_cast<int>(codec.height);
    // A layer that sends nothing yet starts with 0, which OpenH264 takes as a mistake.
    wanted.iTargetBitrate = static_cast<int>(std::max(codec.startBitrate, 100U) * 1000);
    wanted.iRCMode = RC_BITRATE_MODE;
    wanted.fMaxFrameRate = static_cast<float>(std::max(codec.maxFramerate, 1U));
    wanted.uiIntraPeriod = 0;  // keyframes are asked for
    wanted.bEnableFrameSkip = codec.dropFrames;
    wanted.iMultipleThreadIdc = 1;
    SSpatialLayerConfig& layer = wanted.sSpatialLayers[0];
    layer.iVideoWidth = wanted.iPicWidth;
    layer.iVideoHeight = wanted.iPicHeight;
    layer.fFrameRate = wanted.fMaxFrameRate;
    layer.iSpatialBitrate = wanted.iTargetBitrate;
    layer.uiProfileIdc = PRO_BASELINE;
    layer.sSliceArgument.uiSliceMode = SM_SINGLE_SLICE;
    if (maxPayload > 0) {  // packetization-mode 0 (RFC 6184, section 6.2): a NAL unit fits a packet
      wanted.uiMaxNalSize = maxPayload;
      layer.sSliceArgument.uiSliceMode = SM_SIZELIMITED_SLICE;
      layer.sSliceArgument.uiSliceSizeConstraint = maxPayload;
    }
    ready_ = encoder_->InitializeExt(&wanted) == 0;
    if (!ready_) callback_->Failed(gmp::kGenericError);
  }

  void Encode(gmp::Picture* picture, const uint8_t*, uint32_t, const gmp::FrameType* types,
              uint32_t typesLength) override {
    if (ready_ && !EncodeOne(*picture, typesLength > 0 && types[0] == gmp::kKey))
      callback_->Failed(gmp::kEncodeError);
    picture->Destroy();
  }

  void SetChannel(uint32_t, uint32_t) override {}

  void SetRates(uint32_t kbps, uint32_t framerate) override {
    if (!ready_ || kbps == 0) return;
    SBitrateInfo bitrate = {SPATIAL_LAYER_ALL, static_cast<int>(kbps * 1000)};
    encoder_->SetOption(ENCODER_OPTION_BITRATE, &bitrate);
    float rate = static_cast<float>(std::max(framerate, 1U));
    encoder_->SetOption(ENCODER_OPTION_FRAME_RATE, &rate);
  }

  void SetPeriodicKeyFrames(bool) override {}
  void Complete() override { delete this; }

 private:
  ~Encoder() override {
    if (encoder_) WelsDestroySVCEncoder(encoder_);
  }

  bool EncodeOne(gmp::Picture& picture, bool key) {
    if (key) encoder_->ForceIntraFrame(true);
    SSourcePicture source = {};
    source.iColorFormat = videoFormatI420;
    source.iPicWidth = picture.Width();
    source.iPicHeight = picture.Height();
    source.uiTimeStamp = static_cast<long long>(picture.Timestamp() / 1000);
    for (int plane : {gmp::kY, gmp::kU, gmp::kV}) {
      source.iStride[plane] = picture.Stride(static_cast<gmp::Plane>(plane));
      source.pData[plane] = picture.Data(static_cast<gmp::Plane>(plane));
    }
    SFrameBSInfo coded = {};
    if (encoder_->EncodeFrame(&source, &coded) != cmResultSuccess) return false;
    if (coded.eFrameType == videoFrameTypeSkip) return true;
    return Send(picture, coded);
  }

  bool Send(const gmp::Picture& picture, const SFrameBSInfo& coded) {
    uint32_t size = 0;
    for (int i = 0; i < coded.iLayerNum; i++)
      for (int n = 0; n < coded.sLayerInfo[i].iNalCount; n++) size += coded.sLayerInfo[i].pNalLengthInByte[n];
    gmp::Frame* made = nullptr;
    if (host_->CreateFrame(gmp::kEncoded, &made) != gmp::kNoError) return false;
    auto* frame = static_cast<gmp::EncodedFrame*>(made);
    if (frame->Create(size) != gmp::kNoError) {
      frame->Destroy();
      return false;
    }
    CopyUnits(coded, frame->Data());
    frame->SetWidth(picture.Width());
    frame->SetHeight(picture.Height());
    frame->SetTimestamp(picture.Timestamp());  // by it the browser finds the picture again
    frame->SetType(coded.eFrameType == videoFrameTypeIDR ? gmp::kKey : gmp::kDelta);
    frame->SetComplete(true);
    frame->SetBufferType(gmp::kLength32);
    // GMPCodecSpecificInfo of H.264: the codec (1), the kind of buffer; the rest is for VP8.
    const int32_t specific[10] = {1, gmp::kLength32};
    callback_->Encoded(frame, reinterpret_cast<const uint8_t*>(specific), sizeof specific);
    return true;
  }

  // OpenH264 begins each unit with 00 00 00 01; the browser wants its length in that place.
  static void CopyUnits(const SFrameBSInfo& coded, uint8_t* to) {
    for (int i = 0; i < coded.iLayerNum; i++) {
      const SLayerBSInfo& layer = coded.sLayerInfo[i];
      const uint8_t* from = layer.pBsBuf;
      for (int n = 0; n < layer.iNalCount; n++) {
        const int length = layer.pNalLengthInByte[n];
        const uint32_t payload = static_cast<uint32_t>(length) - 4;
        std::memcpy(to, &payload, 4);
        std::memcpy(to + 4, from + 4, payload);
        to += length;
        from += length;
      }
    }
  }

  gmp::Host* const host_;
  gmp::EncoderCallback* callback_ = nullptr;
  ISVCEncoder* encoder_ = nullptr;
  bool ready_ = false;
};

class Decoder final : public gmp::Decoder {
 public:
  explicit Decoder(gmp::Host* host) : host_(host) {}

  void Init(const gmp::Codec&, const uint8_t*, uint32_t, gmp::DecoderCallback* callback, int32_t) override {
    callback_ = callback;
    SDecodingParam wanted = {};
    wanted.uiTargetDqLayer = 255;
    wanted.eEcActiveIdc = ERROR_CON_DISABLE;
    wanted.sVideoProperty.size = sizeof wanted.sVideoProperty;
    wanted.sVideoProperty.eVideoBsType = VIDEO_BITSTREAM_AVC;
    ready_ = WelsCreateDecoder(&decoder_) == 0 && decoder_->Initialize(&wanted) == 0;
    if (!ready_) callback_->Failed(gmp::kGenericError);
  }

  void Decode(gmp::EncodedFrame* frame, bool, const uint8_t*, uint32_t, int64_t) override {
    const bool done = ready_ && frame->Size() > 4 && DecodeOne(*frame);
    frame->Destroy();
    if (done)
      callback_->InputExhausted();
    else
      callback_->Failed(gmp::kDecodeError);
  }

  void Reset() override { callback_->ResetDone(); }
  void Drain() override { callback_->Drained(); }
  void Complete() override { delete this; }

 private:
  ~Decoder() override {
    if (decoder_) WelsDestroyDecoder(decoder_);
  }

  bool DecodeOne(gmp::EncodedFrame& frame) {
    // The browser wrote the length of the whole over the first start code.
    const uint8_t startCode[4] = {0, 0, 0, 1};
    std::memcpy(frame.Data(), startCode, sizeof startCode);
    uint8_t* planes[3] = {};
    SBufferInfo info = {};
    const int size = static_cast<int>(frame.Size());
    if (decoder_->DecodeFrameNoDelay(frame.Data(), size, planes, &info) != dsErrorFree) return false;
    return info.iBufferStatus != 1 || Send(planes, info.UsrData.sSystemBuffer, frame.Timestamp());
  }

  bool Send(uint8_t* const planes[3], const SSysMEMBuffer& picture, uint64_t timestamp) {
    gmp::Frame* made = nullptr;
    if (host_->CreateFrame(gmp::kI420, &made) != gmp::kNoError) return false;
    auto* frame = static_cast<gmp::Picture*>(made);
    const int luma = picture.iStride[0];
    const int chroma = picture.iStride[1];
    const int half = (picture.iHeight + 1) / 2;
    if (frame->Create(luma * picture.iHeight, planes[0], chroma * half, planes[1], chroma * half, planes[2],
                      picture.iWidth, picture.iHeight, luma, chroma, chroma) != gmp::kNoError) {
      frame->Destroy();
      return false;
    }
    frame->SetTimestamp(timestamp);
    callback_->Decoded(frame);
    return true;
  }

  gmp::Host* const host_;
  gmp::DecoderCallback* callback_ = nullptr;
  ISVCDecoder* decoder_ = nullptr;
  bool ready_ = false;
};

}  // namespace

extern "C" {

__attribute__((visibility("default"))) gmp::Error GMPInit(const void*) { return gmp::kNoError; }

__attribute__((visibility("default"))) gmp::Error GMPGetAPI(const char* name, void* host, void** api) {
  auto* video = static_cast<gmp::Host*>(host);
  if (std::strcmp(name, "encode-video") == 0)
    *api = static_cast<gmp::Encoder*>(new Encoder(video));
  else if (std::strcmp(name, "decode-video") == 0)
    *api = static_cast<gmp::Decoder*>(new Decoder(video));
  else
    return gmp::kNotImplemented;
  return gmp::kNoError;
}

__attribute__((visibility("default"))) void GMPShutdown() {}
}
