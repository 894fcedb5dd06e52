/** Arrival is what one chose before the door. */
export interface Arrival {
  name: string
  keepName: boolean
  microphone: boolean
  camera: boolean
}
