import { Source } from '../../gen/class_pb'
import type { Picture, VideoSource } from '../../media/picture'

/** drawn is a made-up picture: a slide, or somebody before a wall. */
export function drawn(id: string, source: VideoSource, own: boolean): Picture {
  return {
    key: `${id}-${source}`,
    own,
    source,
    paused: false,
    attach(element) {
      const canvas = document.createElement('canvas')
      canvas.width = source === Source.SCREEN ? 1280 : 640
      canvas.height = source === Source.SCREEN ? 800 : 360
      const pen = canvas.getContext('2d')
      if (pen) (source === Source.SCREEN ? slide : face)(pen, hue(id))
      const stream = canvas.captureStream(5)
      element.srcObject = stream
      void element.play().catch(() => undefined)
    },
    detach(element) {
      if (element.srcObject instanceof MediaStream) {
        for (const part of element.srcObject.getTracks()) part.stop()
      }
      element.srcObject = null
    },
  }
}

function hue(id: string): number {
  return Array.from(id).reduce((sum, letter) => sum + letter.charCodeAt(0) * 47, 0) % 360
}

function face(pen: CanvasRenderingContext2D, colour: number): void {
  pen.fillStyle = `hsl(${colour} 25% 72%)`
  pen.fillRect(0, 0, 640, 360)
  pen.fillStyle = `hsl(${colour} 30% 38%)`
  pen.beginPath()
  pen.arc(320, 170, 78, 0, 7)
  pen.ellipse(320, 370, 170, 120, 0, 0, 7)
  pen.fill()
}

function slide(pen: CanvasRenderingContext2D): void {
  pen.fillStyle = '#fff'
  pen.fillRect(0, 0, 1280, 800)
  pen.fillStyle = '#234'
  pen.font = '600 64px sans-serif'
  pen.fillText('La photosynthèse', 90, 150)
  pen.font = '40px sans-serif'
  const lines = ['La plante prend l’eau par les racines.', 'La feuille prend l’air et la lumière.']
  lines.forEach((line, index) => pen.fillText(line, 90, 260 + index * 80))
  pen.fillStyle = '#7b9'
  pen.beginPath()
  pen.ellipse(960, 560, 190, 110, -0.6, 0, 7)
  pen.fill()
}
