//! The program.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_genesys-sandbox"))
}

#[tokio::test]
async fn it_prints_what_to_export_and_serves() {
    let child = program()
        .args(["--listen", "127.0.0.1:0", "--seed", "3"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let mut setting = |name: &str| {
        lines
            .find_map(|line| {
                line.unwrap()
                    .strip_prefix(&format!("export {name}="))
                    .map(str::to_owned)
            })
            .unwrap()
    };
    let (api, login) = (setting("GENESYS_BASE_URL"), setting("GENESYS_LOGIN_URL"));
    let (id, secret) = (
        setting("GENESYS_CLIENT_ID"),
        setting("GENESYS_CLIENT_SECRET"),
    );
    assert_eq!(setting("NODE_AUTH_TOKEN"), genesys_sandbox::RESOURCE_TOKEN);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for host in [api, login] {
        let answer = http
            .post(format!("{host}/oauth/token"))
            .basic_auth(&id, Some(&secret))
            .form(&[("grant_type", "client_credentials")])
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
    }
    #[cfg(unix)]
    {
        let id = running.0.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &id])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(
            running.0.wait().unwrap().code(),
            Some(0),
            "an interrupt is an orderly end"
        );
    }
}

#[test]
fn settings_that_make_no_sense_end_it_with_status_2() {
    for arguments in [
        &["--listen", "127.0.0.1:0", "--quota", "0"][..],
        &["--listen", "0.0.0.0:0"],
        &["--listen", "127.0.0.1:0", "--token-life", "0"],
        &["--listen", "nowhere"],
    ] {
        let output = program().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty());
    }
    let help = program().arg("--help").output().unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    for option in [
        "--listen",
        "--login-listen",
        "--seed",
        "--quota",
        "--quota-window",
        "--token-life",
        "--profile",
    ] {
        assert!(text.contains(option), "{option}");
    }
}
