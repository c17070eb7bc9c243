// A test that cannot run says why, as GTEST_SKIP() does, and ctest counts it as skipped.
export function skip(reason) {
  console.log(`web: Skipped\n${reason}`);
  process.exit(77);
}
