// What judges the histories can say no: of a grant's life by itself, and of products broken in known ways.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { playAll } from './histories.mjs';
import { GrantModel } from './oracle/grant.mjs';
import { Permits } from './oracle/standing.mjs';
import { SABOTAGES } from './world/sabotage.mjs';

const usual = { at: 0, allowed: [3], scope: 3, window: 10, age: 'good', void: 'no', paused: 'no' };
const redeem = (changes) => ({ does: 'redeem', ...usual, ...changes });
const refresh = (generation, changes) => ({ does: 'refresh', generation, ...usual, ...changes });
const issued = (token, scope = 3) => ({ result: 'issued', token, scope });
const refused = { result: 'invalid_grant' };

function grant() {
  const model = new GrantModel();
  assert.ok(model.take([{ act: redeem(), seen: issued('one') }]));
  return model;
}

test('the model: a code counts once, and its replay ends the grant', () => {
  assert.equal(grant().take([{ act: redeem(), seen: issued('one') }]), false);
  const model = grant();
  assert.ok(model.take([{ act: redeem(), seen: refused }]));
  assert.equal(model.take([{ act: refresh(1), seen: issued('two') }]), false);
  const late = grant();
  assert.ok(late.take([{ act: redeem({ age: 'expired' }), seen: refused }]));
  assert.equal(late.take([{ act: refresh(1), seen: refused }]), false, 'a late replay ends nothing');
});

test('the model: tabs get the same successor, and one generation', () => {
  const tab = (token) => ({ act: refresh(1), seen: issued(token) });
  assert.ok(grant().take([tab('two'), tab('two'), tab('two')]));
  assert.equal(grant().take([tab('two'), tab('three')]), false);
  assert.equal(grant().take([tab('two'), { act: refresh(1), seen: refused }]), false, 'nobody is turned away');
  assert.equal(grant().take([tab('one')]), false, 'a token is not its own successor');
});

test('the model: outside the window an old token is found, and inside it is not', () => {
  for (const [at, window, seen, right] of [
    [9000, 10, issued('two'), true], [9000, 10, refused, false], [11_000, 10, issued('two'), false], [11_000, 10, refused, true],
    [0, 0, issued('two'), false], [0, 0, refused, true],
  ]) {
    const model = grant();
    assert.ok(model.take([{ act: refresh(1, { window }), seen: issued('two') }]));
    assert.equal(model.take([{ act: refresh(1, { at, window }), seen }]), right, `${at} ${window} ${seen.result}`);
  }
  for (const [since, seen, right] of [[9000, issued('two'), true], [9000, refused, true], [10_500, issued('two'), false]]) {
    const model = grant();
    assert.ok(model.take([{ act: refresh(1), seen: issued('two') }]));
    assert.equal(model.take([{ act: refresh(1, { at: 11_000, since }), seen }]), right, `sent at ${since}: ${seen.result}`);
  }
  const used = grant();
  assert.ok(used.take([{ act: refresh(1), seen: issued('two') }]) && used.take([{ act: refresh(2), seen: issued('three') }]));
  assert.equal(used.take([{ act: refresh(1), seen: issued('two') }]), false, 'its successor was used');
});

test('the model: what nobody saw may have counted or not, until something tells', () => {
  const unseen = { result: 'unseen' };
  const model = grant();
  assert.ok(model.take([{ act: refresh(1, { window: 0, effect: 'perhaps' }), seen: unseen }]));
  assert.equal(model.states.length, 2);
  assert.ok(model.take([{ act: { does: 'inspect', generation: 1 }, seen: { result: 'active' } }]));
  assert.equal(model.take([{ act: refresh(1, { window: 0 }), seen: refused }]), false, 'it had not counted');
  const nothing = grant();
  assert.ok(nothing.take([{ act: refresh(1, { window: 0, effect: 'none' }), seen: unseen }]));
  assert.equal(nothing.take([{ act: refresh(1, { window: 0 }), seen: refused }]), false);
});

test('the model: scopes that are dropped never come back', () => {
  const model = grant();
  assert.ok(model.take([{ act: refresh(1, { asked: 1 }), seen: issued('two', 1) }]));
  assert.equal(model.take([{ act: refresh(2), seen: issued('three', 3) }]), false);
});

test('what an organiser takes away may hold for 90 seconds, and what they give holds', () => {
  const permits = new Permits(2, 3);
  permits.set(1, 1000);
  assert.deepEqual(permits.possible(91_000), [1, 3]);
  assert.deepEqual(permits.possible(91_001), [1]);
  permits.set(3, 95_000);
  assert.deepEqual(permits.possible(95_000), [3]);
});

for (const sabotage of Object.keys(SABOTAGES)) {
  test(`the histories find this: ${sabotage}`, async () => {
    const { failures } = await playAll(Array.from({ length: 60 }, (_, index) => 1 + index), { sabotage });
    assert.equal(failures.length, 1);
    assert.doesNotMatch(failures[0].fault, /no end/);
  });
}
