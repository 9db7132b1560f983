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
    command: Command,
    patience: Duration,
    running: Option<Running>,
}

struct Running {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<String>,
}

impl Host {
    /// For samples on all processors, or on one.
    pub(crate) fn new(one_cpu: bool) -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.arg(if one_cpu { "--serve-one-cpu" } else { "--serve" });
        Ok(Self::of(command, PATIENCE))
    }

    fn of(command: Command, patience: Duration) -> Self {
        Self { command, patience, running: None }
    }

    /// Asks for a sample. After a failure the process is another one.
    pub(crate) fn ask(&mut self, request: Request) -> io::Result<Result<Answer, Failure>> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => Running::start(&mut self.command)?,
        };
        match running.ask(request, self.patience) {
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
    fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
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

    fn ask(&mut self, request: Request, patience: Duration) -> Result<Answer, Failure> {
        let sent = self.requests.write_all(request.to_line().as_bytes());
        sent.and_then(|()| self.requests.flush()).map_err(|_| Failure::Crashed)?;
        match self.answers.recv_timeout(patience) {
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const REQUEST: Request = Request { cell: 0, contestant: 1, messages: 2 };

    fn ask(script: &str, patience: Duration) -> Result<Answer, Failure> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Host::of(command, patience).ask(REQUEST).expect("there is a shell")
    }

    #[test]
    fn whoever_does_not_answer_has_hung() {
        let silent = ask("read line; read nothing", Duration::from_millis(50));
        assert_eq!(silent, Err(Failure::Hung));
    }

    #[test]
    fn whoever_ends_or_talks_nonsense_has_crashed() {
        let long = Duration::from_secs(60);
        assert_eq!(ask("read line; exit 1", long), Err(Failure::Crashed));
        assert_eq!(ask("read line; echo what", long), Err(Failure::Crashed));
    }

    #[test]
    fn the_next_question_goes_to_another_process() {
        let mut command = Command::new("sh");
        // Answers once, then ends.
        command.args(["-c", "read line; echo 5 1.5 2.5 0 0 -; read line"]);
        let mut host = Host::of(command, Duration::from_secs(60));
        let mut ask = || host.ask(REQUEST).expect("there is a shell");
        let value = |answer: Result<Answer, Failure>| answer.map(|answer| answer.value);
        assert_eq!(value(ask()), Ok(1.5));
        assert_eq!(value(ask()), Err(Failure::Crashed));
        assert_eq!(value(ask()), Ok(1.5));
    }
}
