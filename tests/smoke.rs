mod support;
use support::*;
#[test]
fn smoke() {
    let s = Scene::new();
    let t = s.granted("");
    println!("{t:?}");
    println!("{}", s.whoami(&t.access).ok());
    s.assert_lives(&t);
    println!("{}", s.memory.everything_stored());
}
