/** Recordings as WAV: 16 kHz, one channel, 16 bits, which every service of speech takes. */

const RATE_HZ = 16_000;
const HEAD_BYTES = 44;

/** What a browser recorded, in whatever form it does, as a WAV. @returns {blob, seconds} */
export async function waveFile(recorded) {
  const context = new AudioContext();
  let sound;
  try {
    sound = await context.decodeAudioData(await recorded.arrayBuffer());
  } finally {
    await context.close();
  }
  const offline = new OfflineAudioContext(1, Math.max(1, Math.ceil(sound.duration * RATE_HZ)), RATE_HZ);
  const source = new AudioBufferSourceNode(offline, { buffer: sound });
  source.connect(offline.destination);
  source.start();
  const samples = (await offline.startRendering()).getChannelData(0);
  return { blob: new Blob([waveBytes(samples)], { type: "audio/wav" }), seconds: sound.duration };
}

/** @param samples - -1 to 1 */
function waveBytes(samples) {
  const view = new DataView(new ArrayBuffer(HEAD_BYTES + 2 * samples.length));
  const text = (at, word) => [...word].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, HEAD_BYTES - 8 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE_HZ, true);
  view.setUint32(28, 2 * RATE_HZ, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, index) => {
    const held = Math.max(-1, Math.min(1, sample));
    view.setInt16(HEAD_BYTES + 2 * index, held < 0 ? held * 0x8000 : held * 0x7fff, true);
  });
  return view.buffer;
}
