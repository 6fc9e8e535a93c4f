/** The microphone: one recording at a time, which ends by itself where the service would refuse it. */

import { waveFile } from "./wave_file.js";

const MOST_S = 595;

export class Recorder {
  /** @param on - { running(seconds), done(blob, seconds), failed(error) } */
  constructor(on) {
    this._on = on;
    this._media = null;
    this._timer = null;
  }

  get isRunning() {
    return this._media !== null;
  }

  /** Ask for the microphone, and begin. */
  async start() {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
      const parts = [];
      const media = new MediaRecorder(stream);
      media.addEventListener("dataavailable", (event) => parts.push(event.data));
      media.addEventListener("stop", () => this._ended(stream, parts));
      media.start();
      this._media = media;
      const began = performance.now();
      const tell = () => {
        const seconds = (performance.now() - began) / 1000;
        this._on.running(Math.floor(seconds));
        if (seconds >= MOST_S) this.stop();
      };
      tell();
      this._timer = setInterval(tell, 1000);
    } catch (error) {
      this._on.failed(error);
    }
  }

  /** End the recording; it is handed over when it is a file. */
  stop() {
    if (this._media?.state === "recording") this._media.stop();
  }

  async _ended(stream, parts) {
    clearInterval(this._timer);
    for (const track of stream.getTracks()) track.stop();
    this._media = null;
    try {
      const { blob, seconds } = await waveFile(new Blob(parts, { type: parts[0]?.type ?? "" }));
      this._on.done(blob, seconds);
    } catch (error) {
      this._on.failed(error);
    }
  }
}
