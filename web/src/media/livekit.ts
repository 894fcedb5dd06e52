// What of livekit-client the page uses. Named one by one, so that the rest is left
// out of the build.

export {
  AudioPresets,
  ConnectionQuality,
  RemoteTrackPublication,
  Room,
  RoomEvent,
  ScreenSharePresets,
  Track,
  VideoPresets,
} from 'livekit-client'
