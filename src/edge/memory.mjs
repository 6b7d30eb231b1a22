// The module's memory, one per isolate, and whether it is sound.
import { logError } from './log.mjs';
import wasm from './willcall_bg.wasm';
import { __wbg_reset_state as startAnew, initSync, tell_of_panics } from './willcall.js';

initSync({ module: wasm });
tell_of_panics();

// A panic leaves the memory as it was in the middle of something. No input may cause one; should one come all the
// same, whatever comes next begins with a fresh memory, and what was under way in the old is given up.
let sound = true;
let lives = 0;

globalThis.willcallPanicked = (text) => {
  sound = false;
  logError(text);
};

/** Something went wrong in Rust that it could not tell: a trap, or a throw nobody expected. */
export function distrust() {
  sound = false;
}

/** Sees to a sound memory before Rust is called. Which one it is: what was begun in another must not go on in this. */
export function beSound() {
  if (!sound) {
    startAnew();
    tell_of_panics();
    sound = true;
    lives += 1;
  }
  return lives;
}

/** Whether the memory of a life is still there and sound. */
export const isSound = (life) => sound && life === lives;
