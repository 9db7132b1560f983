//! Starts the process in which samples run, asks it, and does not wait for ever.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;
use std::{env, thread};

use crate::worker::{Answer, Request};

/// No sample is meant to last a tenth of this, but for those that are idle for a second.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Hung,
    Crashed,
}

impl Failure {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Hung => "hung for 10 s",
            Self::Crashed => "crashed",
        }
    }
}

/// The process, made when it is needed.
pub(crate) struct Host {
    one_cpu: bool,
    running: Option<Running>,
}

struct Running {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<String>,
}

impl Host {
    pub(crate) fn new(one_cpu: bool) -> Self {
        Self { one_cpu, running: None }
    }

    /// Asks for a sample. After a failure the process is another one.
    pub(crate) fn ask(&mut self, request: Request) -> io::Result<Result<Answer, Failure>> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => Running::start(self.one_cpu)?,
        };
        match running.ask(request) {
            Ok(answer) => {
                self.running = Some(running);
                Ok(Ok(answer))
            }
            Err(failure) => {
                running.child.kill()?;
                running.child.wait()?;
                Ok(Err(failure))
            }
        }
    }
}

impl Running {
    fn start(one_cpu: bool) -> io::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .arg(if one_cpu { "--serve-one-cpu" } else { "--serve" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (requests, output) = pipes.ok_or(io::ErrorKind::BrokenPipe)?;
        let (tell, answers) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, requests, answers })
    }

    fn ask(&mut self, request: Request) -> Result<Answer, Failure> {
        let sent = self.requests.write_all(request.to_line().as_bytes());
        sent.and_then(|()| self.requests.flush()).map_err(|_| Failure::Crashed)?;
        match self.answers.recv_timeout(PATIENCE) {
            Ok(line) => Answer::from_line(&line).ok_or(Failure::Crashed),
            Err(RecvTimeoutError::Timeout) => Err(Failure::Hung),
            Err(RecvTimeoutError::Disconnected) => Err(Failure::Crashed),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            // It may have ended by itself.
            _ = running.child.kill();
            _ = running.child.wait();
        }
    }
}
